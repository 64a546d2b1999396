using System.Runtime.CompilerServices;
using Hybrid.Targets;

namespace Hybrid.Tests;

/// <summary>Says a fixed answer token by token, goes on from a continuation, and fails where it is told to; records what it was sent.</summary>
internal sealed class ScriptedTarget(string name, params string[] tokens) : ITarget
{
    public TargetDescriptor Descriptor { get; set; } = new()
    {
        Name = name,
        Model = name + "-model",
        Zone = Zone.Device,
        Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation,
    };

    public TargetState State { get; set; } = TargetState.Warm;

    /// <summary>Every request that arrived, with the zone at that moment.</summary>
    public List<(DecodeRequest Request, Zone Zone)> Received { get; } = [];

    /// <summary>Tokens until the fault; null is none.</summary>
    public int? FailAfter { get; init; }

    public HybridError FailWith { get; init; } = HybridError.TargetUnavailable;

    public Exception? ThrowInstead { get; init; }

    /// <summary>At the fault, ends its stream in silence.</summary>
    public bool EndsInstead { get; init; }

    /// <summary>At the fault, never answers and does not heed its token.</summary>
    public bool HangsInstead { get; init; }

    /// <summary>The last tokens before a fault are decoded but held back, as a possible stop string is.</summary>
    public int HeldBack { get; init; }

    public Action? OnToken { get; init; }

    public Action? OnReceived { get; set; }

    public DecodeCompletion Figures { get; init; } = new() { Finish = DecodeFinish.Stop };

    public TaskCompletionSource Hanging { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Closed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Release { get; init; } = new();

    public bool Disposed { get; private set; }

    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        lock (Received) Received.Add((request, Descriptor.Zone)); // requests may come at once
        OnReceived?.Invoke();
        try
        {
            await Task.CompletedTask;
            var said = 0;
            var decoded = 0;
            foreach (var token in Rest(request.Continuation))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (decoded == FailAfter) break;
                if (decoded == request.MaxTokens) break;
                OnToken?.Invoke();
                cancellationToken.ThrowIfCancellationRequested();
                decoded++;
                var held = FailAfter is { } fail && decoded > fail - HeldBack;
                if (!held) said++;
                yield return new(held ? "" : token, 1);
            }

            if (decoded == FailAfter)
            {
                if (EndsInstead) yield break;
                if (HangsInstead)
                {
                    Hanging.TrySetResult();
                    await Release.Task;
                }

                throw ThrowInstead ?? new HybridException(FailWith, $"{name} failed after {decoded}.");
            }

            var full = decoded == request.MaxTokens && said < Rest(request.Continuation).Count;
            yield return new("", 0, Figures with { Finish = full ? DecodeFinish.Length : DecodeFinish.Stop, OutputTokens = decoded });
        }
        finally
        {
            Closed.TrySetResult();
        }
    }

    public ValueTask WarmAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        Disposed = true;
        return ValueTask.CompletedTask;
    }

    private List<string> Rest(string continuation)
    {
        Assert.StartsWith(continuation, string.Concat(tokens), StringComparison.Ordinal);
        List<string> rest = [];
        var at = 0;
        foreach (var token in tokens)
        {
            var skip = Math.Clamp(continuation.Length - at, 0, token.Length);
            if (skip < token.Length) rest.Add(token[skip..]);
            at += token.Length;
        }

        return rest;
    }
}
