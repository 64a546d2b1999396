using System.Runtime.ExceptionServices;
using Hybrid.CloudConnector.Pools.Health;
using Hybrid.Network;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Pools.Retries;

/// <summary>Gets a request as far as its first update: the only part of it that may be asked of several replicas.</summary>
/// <remarks>
/// When retries are used up, or none may be made, the first fault surfaces. A move from a replica whose connection broke to one that is well
/// is no load more than there was, for nobody works on the request there any longer: the budget is for every other retry.
/// </remarks>
internal static class Opening
{
    public static async ValueTask<ReplicaStream> OpenAsync(PoolCall call)
    {
        var (pool, retries) = (call.Pool, 0);
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
            if (!FailureRule.IsWorthAnother(fault.Error) || retries == pool.Options.Retries.Most || Wait(call, fault, retries, out var isMove) is not { } wait) ExceptionDispatchInfo.Throw(first);
            else if (!isMove && !pool.Budget.TryTake(pool.Clock.Now))
            {
                PoolMeter.Retried(pool.Name, "refused");
                ExceptionDispatchInfo.Throw(first);
            }
            else
            {
                PoolMeter.Retried(pool.Name, isMove ? "move" : "retry");
                retries++;
                call.Trace?.Retries += 1;
                await DelayAsync(call, wait, first).ConfigureAwait(false);
            }
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
            isMove = next is not null && BrokenConnection.Is(fault) && pool.Replicas.IsWell(next, call.Ask);
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
