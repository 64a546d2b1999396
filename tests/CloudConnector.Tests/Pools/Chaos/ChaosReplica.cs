using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Hybrid.Targets;
using Hybrid.Tests.Streaming.Simulated;

namespace Hybrid.CloudConnector.Tests.Pools.Chaos;

/// <summary>How a replica treats a request.</summary>
internal enum Mood
{
    Well,

    /// <summary>A gateway says that nobody listens.</summary>
    Dead,

    /// <summary>Nobody listens.</summary>
    Gone,

    /// <summary>Accepts, and never answers.</summary>
    Hangs,

    /// <summary>Falls silent in mid-stream.</summary>
    Stalls,

    /// <summary>429, with and without Retry-After.</summary>
    Busy,

    /// <summary>500.</summary>
    Broken,

    /// <summary>503 with Retry-After.</summary>
    Overloaded,

    /// <summary>The connection breaks in mid-stream.</summary>
    Cuts,

    /// <summary>The stream ends without a completion.</summary>
    Ends,

    /// <summary>A token every few seconds.</summary>
    Trickles,

    /// <summary>Well, and slow to begin.</summary>
    Slow,
}

/// <summary>What it says when it is asked how it is.</summary>
internal enum Word
{
    Honest,
    SaysWell,
    SaysSick,
    Mute,
}

/// <summary>A replica in virtual time whose moods change, and who may lie about them.</summary>
internal sealed class ChaosReplica(VirtualTime time, Random random, string name, int model, int answerTokens) : ITarget, INetworkTarget
{
    private TargetState _state = TargetState.Warm;
    private TimeSpan _failedAt;

    public TargetDescriptor Descriptor { get; } = new()
    {
        Name = name,
        Model = $"m{model}",
        Zone = Zone.Site,
        Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation,
    };

    public TargetState State => _state.Readiness == TargetReadiness.Unavailable && time.Elapsed - _failedAt > TimeSpan.FromSeconds(10) ? new(TargetReadiness.Unknown) : _state;

    public bool NeedsNetwork => false;

    /// <summary>Moods and when each begins, in order.</summary>
    public List<(double At, Mood Mood)> Moods { get; } = [];

    public Word Word { get; init; }

    /// <summary>Every request that arrived, and when.</summary>
    public List<(TimeSpan At, DecodeRequest Request)> Received { get; } = [];

    /// <summary>Attempts that found nobody.</summary>
    public List<(TimeSpan At, ReplicaTrace Trace)> Gone { get; } = [];

    public int Open { get; private set; }

    private Mood Now => Moods.LastOrDefault(mood => mood.At <= time.Elapsed.TotalSeconds).Mood;

    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Received.Add((time.Elapsed, request));
        Open++;
        try
        {
            if (request.Prompt is TextPrompt) throw new HybridException(HybridError.InvalidRequest, $"{name} takes no text.");
            var mood = Now;
            var from = request.Continuation;
            await PauseAsync(0.001 + (random.NextDouble() * 0.2), cancellationToken).ConfigureAwait(false);
            switch (mood)
            {
                case Mood.Dead:
                    throw Fail(HybridError.TargetUnavailable, "connection refused");
                case Mood.Gone:
                    Gone.Add((time.Elapsed, request.Replicas!));
                    throw Fail(HybridError.TargetUnavailable, "connection refused", new SocketException((int)SocketError.ConnectionRefused));
                case Mood.Broken:
                    throw Fail(HybridError.Internal, "500");
                case Mood.Busy:
                    throw new HybridException(HybridError.Busy, $"{name}: 429") { RetryAfter = random.Next(2) == 0 ? null : TimeSpan.FromSeconds(0.1 + (random.NextDouble() * 10)) };
                case Mood.Overloaded:
                    throw new HybridException(HybridError.Busy, $"{name}: 503") { RetryAfter = TimeSpan.FromSeconds(0.1 + random.NextDouble()) };
                case Mood.Hangs:
                    await PauseAsync(1e6, cancellationToken).ConfigureAwait(false);
                    break;
                case Mood.Slow:
                    await PauseAsync(random.NextDouble() * 5, cancellationToken).ConfigureAwait(false);
                    break;
            }

            var state = SimulatedModel.Read(from, SimulatedModel.Begin(model));
            var troubleAfter = random.Next(1, answerTokens + 1);
            var most = request.MaxTokens ?? int.MaxValue;
            for (var said = 0; SimulatedModel.Tokens(from) + said < answerTokens && said < most; said++)
            {
                await PauseAsync(mood == Mood.Trickles ? 1 + (random.NextDouble() * 4) : random.NextDouble() * 0.1, cancellationToken).ConfigureAwait(false);
                if (said == troubleAfter)
                {
                    if (mood == Mood.Cuts) throw Fail(HybridError.TargetUnavailable, "reset");
                    if (mood == Mood.Ends) yield break;
                    if (mood == Mood.Stalls) await PauseAsync(1e6, cancellationToken).ConfigureAwait(false);
                }

                var token = SimulatedModel.Next(state);
                state = SimulatedModel.Read(token, state);
                _state = TargetState.Warm;
                yield return new(token, 1) { TokenIndex = said };
            }

            yield return new("", 0, new() { Finish = SimulatedModel.Tokens(from) + most <= answerTokens && request.MaxTokens is not null ? DecodeFinish.Length : DecodeFinish.Stop });
        }
        finally
        {
            Open--;
        }
    }

    public async ValueTask<bool?> ProbeAsync(CancellationToken cancellationToken = default)
    {
        await PauseAsync(Word == Word.Mute ? 1e6 : 0.01, cancellationToken).ConfigureAwait(false);
        var well = Word switch { Word.SaysWell => true, Word.SaysSick => false, _ => Now is not (Mood.Dead or Mood.Gone or Mood.Hangs or Mood.Broken) };
        if (well) _state = TargetState.Warm;
        else Fail(HybridError.TargetUnavailable, "sick");
        return well;
    }

    public ValueTask WarmAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private HybridException Fail(HybridError error, string what, Exception? inner = null)
    {
        _failedAt = time.Elapsed;
        _state = new(TargetReadiness.Unavailable, what);
        return new(error, $"{name}: {what}", inner);
    }

    private async Task PauseAsync(double seconds, CancellationToken cancellationToken)
    {
        var over = new TaskCompletionSource();
        await using var cancelled = cancellationToken.UnsafeRegister(_ => over.TrySetCanceled(cancellationToken), null).ConfigureAwait(false);
        if (seconds < 1e5) time.After(seconds, () => over.TrySetResult());
        await over.Task.ConfigureAwait(false);
    }
}
