using Hybrid.Engines.LlamaCpp;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.EndToEnd.Streaming;

/// <summary>Makes a stream move at a chosen token between a device and a pool of the same model.</summary>
internal static class Seams
{
    /// <summary>The first target speaks; the other stands by.</summary>
    public static RoutingPolicy InOrder { get; } = new() { Name = "order", Handover = false };

    /// <summary>Under it a slow device speaks for a pool that wakes.</summary>
    public static RoutingPolicy Bridging { get; } = new() { Name = "bridging", DollarsPerSecond = 0.001, ExpectedOutputTokens = 100 };

    /// <summary>A pool that takes a second to wake, as far as the policy knows.</summary>
    public static TargetDescriptor SlowToWake { get; } = RealPool.Described with { ColdStart = TimeSpan.FromSeconds(1), DecodeTokensPerSecond = 200 };

    /// <summary>A device that is slow, as far as the policy knows.</summary>
    public static LlamaEngineOptions SlowDevice(string model) => new()
    {
        ModelPath = model,
        Threads = 1,
        Poll = 0,
        Descriptor = new() { Name = "device", Model = "device", Zone = Zone.Device, Quality = 1, DecodeTokensPerSecond = 20 },
    };

    /// <summary>A speaker that fails at a token.</summary>
    public static WatchedTarget FailingAt(ITarget speaker, int token) => new(speaker)
    {
        OnUpdate = (heard, _) => heard.Tokens <= token ? ValueTask.CompletedTask : throw new HybridException(HybridError.TargetUnavailable, $"It failed after {token} tokens."),
    };

    /// <summary>A device that says no more from a token on, and a pool that wakes when the device has come so far.</summary>
    /// <remarks>So the stream moves there however slow the machine is.</remarks>
    public static (WatchedTarget Device, WatchedTarget Pool) BridgeTo(ITarget device, ITarget pool, int token)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return (SilentFrom(device, token, reached), new(pool) { ColdUntil = reached.Task });
    }

    /// <summary>A speaker that says no more from a token on, and lives until it is cancelled.</summary>
    public static WatchedTarget SilentFrom(ITarget speaker, int token, TaskCompletionSource? reached = null) => new(speaker)
    {
        OnUpdate = async (heard, cancellationToken) =>
        {
            if (heard.Tokens <= token)
                return;
            reached?.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        },
    };
}
