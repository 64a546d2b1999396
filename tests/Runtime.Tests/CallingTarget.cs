using System.Runtime.CompilerServices;
using Hybrid.Targets;

namespace Hybrid.Tests;

/// <summary>Gives fixed updates to each request in turn, and may fail after them; records what it was sent.</summary>
internal sealed class CallingTarget(string name, params DecodeUpdate[][] answers) : ITarget
{
    public TargetDescriptor Descriptor { get; set; } = new()
    {
        Name = name,
        Model = name + "-model",
        Zone = Zone.Device,
        Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation | TargetCapabilities.Tools,
    };

    public TargetState State => TargetState.Warm;

    public List<DecodeRequest> Received { get; } = [];

    public bool Fails { get; init; }

    public static DecodeUpdate Call(string text, string id, string name, string arguments) => new(text, 5) { ToolCall = new(id, name, arguments) };

    public static DecodeUpdate End(DecodeFinish finish) => new("", 0, new() { Finish = finish, OutputTokens = 5 });

    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask;
        Received.Add(request);
        foreach (var update in answers[Received.Count - 1])
            yield return update;
        if (Fails)
            throw new HybridException(HybridError.TargetUnavailable, $"{name} failed.");
    }

    public ValueTask WarmAsync(CancellationToken cancellationToken = default) => default;

    public ValueTask DisposeAsync() => default;
}
