using System.Runtime.CompilerServices;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.Tests;

/// <summary>A target that says what a test tells it to and remembers what it was asked.</summary>
internal sealed class ScriptedTarget : ITarget, IEmbeddingTarget
{
    public delegate IAsyncEnumerable<DecodeUpdate> Script(DecodeRequest request, CancellationToken cancellationToken);

    public Script Answer { get; set; } = (_, _) => Say("Hel", "lo", " wörld");

    public List<DecodeRequest> Asked { get; } = [];

    public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Disposals { get; private set; }

    public TargetDescriptor Descriptor { get; init; } = new() { Name = "scripted", Model = "scripted", Zone = Zone.Device, ContextLength = 512 };

    public TargetState State { get; set; } = new(TargetReadiness.Warm, Slots: 4, BusySlots: 1, QueueLength: 2);

    public static DecodeCompletion Completion { get; } = new()
    {
        Finish = DecodeFinish.Stop,
        PromptTokens = 7,
        CachedTokens = 2,
        OutputTokens = 3,
        QueueTime = TimeSpan.FromMicroseconds(11),
        PrefillTime = TimeSpan.FromMicroseconds(12),
        DecodeTime = TimeSpan.FromMicroseconds(13),
    };

    /// <summary>Says the pieces, a token each, and ends well.</summary>
    public static async IAsyncEnumerable<DecodeUpdate> Say(params string[] pieces)
    {
        for (var i = 0; i < pieces.Length; i++)
        {
            await Task.Yield();
            yield return new(pieces[i], 1, i == pieces.Length - 1 ? Completion : null);
        }
    }

    /// <summary>Says the pieces and fails.</summary>
    public static async IAsyncEnumerable<DecodeUpdate> Fail(Exception exception, params string[] pieces)
    {
        foreach (var piece in pieces)
        {
            await Task.Yield();
            yield return new(piece, 1);
        }

        throw exception;
    }

    /// <summary>Says the pieces and then nothing, until it is cancelled.</summary>
    public async IAsyncEnumerable<DecodeUpdate> Stall(string[] pieces, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A cancel may also find it between two pieces.
        try
        {
            foreach (var piece in pieces)
                yield return new(piece, 1);
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        finally
        {
            Cancelled.TrySetResult();
        }
    }

    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        lock (Asked)
            Asked.Add(request);
        await foreach (var update in Answer(request, cancellationToken))
            yield return update;
    }

    public Task<EmbeddingResult> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken = default) =>
        Task.FromResult(new EmbeddingResult([.. texts.Select(text => (ReadOnlyMemory<float>)new[] { text.Length, -0.5f, 0.25f })], texts.Count));

    public ValueTask WarmAsync(CancellationToken cancellationToken = default) => default;

    public ValueTask DisposeAsync()
    {
        Disposals++;
        return default;
    }
}
