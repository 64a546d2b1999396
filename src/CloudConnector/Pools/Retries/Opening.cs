using System.Runtime.ExceptionServices;
using Hybrid.CloudConnector.Pools.Health;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Pools.Retries;

/// <summary>Gets a request as far as its first update: the only part of it that may be asked of several replicas.</summary>
/// <remarks>
/// When retries are used up, or none may be made, the first fault surfaces. A move from a replica whose connection broke to one that is well
/// is no load more than there was, for nobody works on the request there any longer: the budget is for every other retry.
/// </remarks>
internal static class Opening
{
    /// <summary>More processes than that do not go away under one request.</summary>
    private const int MostMoves = 32;

    /// <summary>A process that is started again listens within it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Between two looks at who is well, about.</summary>
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(0.25);

    public static async ValueTask<ReplicaStream> OpenAsync(PoolCall call)
    {
        var (pool, retries, moves) = (call.Pool, 0, 0);
        HybridException? first = null;
        while (true)
        {
            HybridException fault;
            try
            {
                return await TryAsync(call).ConfigureAwait(false);
            }
            catch (OperationCanceledException error) when (call.DeadlinePassed && !call.Caller.IsCancellationRequested)
            {
                throw first ?? new HybridException(HybridError.DeadlineExceeded, $"The deadline passed before a replica of pool '{pool.Name}' answered. Nothing was delivered.", error);
            }
            catch (HybridException error)
            {
                fault = error;
            }

            first ??= fault;
            var next = FailureRule.IsWorthAnother(fault.Error) ? await NextAsync(call, fault, retries).ConfigureAwait(false) : default;
            if (next.Wait is not { } wait || (next.IsMove ? moves == MostMoves : retries == pool.Options.Retries.Most)) ExceptionDispatchInfo.Throw(first);
            else if (!next.IsMove && !pool.Budget.TryTake(pool.Clock.Now))
            {
                PoolMeter.Retried(pool.Name, "refused");
                ExceptionDispatchInfo.Throw(first);
            }
            else
            {
                PoolMeter.Retried(pool.Name, next.IsMove ? "move" : "retry");
                if (next.IsMove) moves++;
                else retries++;
                call.Trace?.Retries += 1;
                await DelayAsync(call, wait, first).ConfigureAwait(false);
            }
        }
    }

    /// <summary>What comes next. Where the process is gone, nobody is well and no other target may go on, it is waited a while for one to come back; nothing is sent meanwhile.</summary>
    private static async ValueTask<(TimeSpan? Wait, bool IsMove)> NextAsync(PoolCall call, HybridException fault, int retries)
    {
        var until = call.Pool.Clock.Now + Patience;
        while (true)
        {
            var wait = Wait(call, fault, retries, out var isMove);
            if (isMove || wait is null || call.Trace is not { IsLastResort: true } || !FailureRule.IsGone(fault) || call.Pool.Clock.Now >= until) return (wait, isMove);
            var look = Between * (0.5 + call.Pool.Draw());
            if (!call.HasTimeFor(look)) return (wait, isMove);
            call.Pool.Prober.Look();
            await DelayAsync(call, look, fault).ConfigureAwait(false);
        }
    }

    /// <summary>How long to wait before the next replica; null: there is none, or no time.</summary>
    /// <param name="call">The request.</param>
    /// <param name="fault">How the last one failed.</param>
    /// <param name="retries">Retries so far.</param>
    /// <param name="isMove">Whether the replica that failed is gone and another is well.</param>
    private static TimeSpan? Wait(PoolCall call, HybridException fault, int retries, out bool isMove)
    {
        isMove = false;
        var pool = call.Pool;
        var wait = Backoff.After(pool.Options.Retries, retries, pool.Draw());
        lock (pool.Replicas.Lock)
        {
            var next = pool.Replicas.Pick(call.Ask, out var refusal);
            isMove = next is not null && FailureRule.IsGone(fault) && next != call.Ask.Last && pool.Replicas.IsWell(next);
            if (refusal is { RetryAfter: { } rest }) wait = rest > wait ? rest : wait;
            else if (refusal is not null || (call.Ask.Tried == 0 && fault.RetryAfter is null)) return null; // nobody was asked, and nobody would be
        }

        return wait <= pool.Options.Retries.LongestDelay && call.HasTimeFor(wait) ? wait : null;
    }

    private static async Task DelayAsync(PoolCall call, TimeSpan wait, HybridException first)
    {
        try
        {
            await Task.Delay(wait, call.Pool.Clock.Time, call.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!call.Caller.IsCancellationRequested)
        {
            ExceptionDispatchInfo.Throw(first);
        }
    }

    private static async ValueTask<ReplicaStream> TryAsync(PoolCall call)
    {
        var stream = Start(call, await call.Pool.Admission.TakeAsync(call.Ask, call.Token).ConfigureAwait(false));
        if (call.Ask.MayHedge && call.Pool.Hedges.Delay is { } delay) return await Hedging.RaceAsync(call, stream, delay).ConfigureAwait(false);
        await stream.FirstAsync().ConfigureAwait(false);
        return stream;
    }

    public static ReplicaStream Start(PoolCall call, Replica replica)
    {
        call.Ask.Try(replica);
        Answers(call, replica);
        return new(call, replica);
    }

    /// <summary>Tells the conductor who answers.</summary>
    public static void Answers(PoolCall call, Replica replica)
    {
        if (call.Trace is not { } trace) return;
        (trace.Replica, trace.Model) = (replica.Name, replica.Substitute);
    }
}
