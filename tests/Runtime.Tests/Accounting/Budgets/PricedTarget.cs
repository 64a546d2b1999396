using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Hybrid.Targets;

namespace Hybrid.Tests.Accounting.Budgets;

/// <summary>Answers many requests at once, a tenth of a cent for each token; says more than it was asked to where it is told to.</summary>
internal sealed class PricedTarget(string name, double dollarsPerToken = 0.001) : ITarget
{
    public TargetDescriptor Descriptor { get; set; } = new()
    {
        Name = name,
        Model = name + "-model",
        Zone = Zone.Device,
        Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation,
        DollarsPerMillionOutputTokens = dollarsPerToken * 1e6,
    };

    public TargetState State { get; set; } = TargetState.Warm;

    public ConcurrentQueue<DecodeRequest> Received { get; } = [];

    public int Tokens { get; init; } = 90;

    /// <summary>Tokens until the fault; null is none.</summary>
    public int? FailAfter { get; init; }

    /// <summary>Whether it heeds the limit of tokens.</summary>
    public bool Heeds { get; init; } = true;

    public Action? OnReceived { get; init; }

    public Action? OnToken { get; init; }

    /// <summary>Answers begin when this ends.</summary>
    public Task Gate { get; init; } = Task.CompletedTask;

    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Received.Enqueue(request);
        OnReceived?.Invoke();
        await Gate.WaitAsync(cancellationToken);
        var tokens = Heeds ? Math.Min(Tokens, request.MaxTokens ?? Tokens) : Tokens;
        for (var i = 0; i < tokens; i++)
        {
            if (i == FailAfter) throw new HybridException(HybridError.TargetUnavailable, $"{name} failed after {i}.");
            cancellationToken.ThrowIfCancellationRequested();
            OnToken?.Invoke();
            yield return new("x", 1);
        }

        yield return new("", 0, new() { Finish = tokens < Tokens ? DecodeFinish.Length : DecodeFinish.Stop, OutputTokens = tokens, PromptTokens = 5 });
    }

    public ValueTask WarmAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
