using System.Text.Json;
using Hybrid.CloudConnector.OpenInference;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Tests.OpenInference;

/// <summary>A server of <c>peers/inference.mjs</c> and targets over it.</summary>
internal sealed class InferencePool(NodePeer peer) : IAsyncDisposable
{
    public NodePeer Peer { get; } = peer;

    /// <summary>All that its model ever says.</summary>
    public string Story => Peer.Ready.GetProperty("story").GetString()!;

    public OpenInferenceTargetOptions Options { get; } = new()
    {
        Endpoint = peer.Endpoint,
        Streaming = true,
        ConnectTimeout = TimeSpan.FromMinutes(1), // a busy machine is no fault
        IdleTimeout = TimeSpan.FromMinutes(3),
        Descriptor = new() { Name = "far", Model = "story", Zone = Zone.Site, Capabilities = TargetCapabilities.Text | TargetCapabilities.Continuation },
    };

    public static async Task<InferencePool> StartAsync(object? settings = null) =>
        new(await NodePeer.StartAsync("inference.mjs", JsonSerializer.Serialize(settings ?? new { })));

    /// <summary>A request for a text; greedy, so that nothing differs but what a test changes.</summary>
    public static DecodeRequest Ask(string prompt) => new() { Prompt = new TextPrompt(prompt), Sampling = SamplingOptions.Greedy, Id = "r1" };

    /// <summary>Changes its settings and waits until they count.</summary>
    public async Task OrderAsync(object settings)
    {
        await Peer.TellAsync(settings);
        await Peer.SawAsync("order");
    }

    public ValueTask DisposeAsync() => Peer.DisposeAsync();
}
