using System.Runtime.CompilerServices;
using Hybrid.Configuration;

namespace Hybrid.CloudConnector.Pools.Balancing;

/// <summary>Gives requests a place on a replica: at once, in line where all are full, or not at all. Thread-safe.</summary>
internal sealed class Admission(string pool, ReplicaSet replicas, ReplicaLimitOptions limits)
{
    private readonly LinkedList<Waiter> _waiting = [];

    /// <summary>Requests that wait for a place; read under the replicas' lock.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>Takes a place; the caller gives it back with <see cref="Release"/>.</summary>
    /// <exception cref="HybridException">Nobody may be asked, or too many wait. Nothing was sent.</exception>
    public ValueTask<Replica> TakeAsync(Ask ask, CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (replicas.Lock)
        {
            if (replicas.Pick(ask, out var refusal) is { } replica)
            {
                Occupy(replica);
                return new(replica);
            }

            if (refusal is not null) throw refusal;
            if (_waiting.Count >= limits.Pending * replicas.All.Count)
                throw new HybridException(HybridError.Busy, $"Pool '{pool}' is full: {limits.Connections} requests run on each replica that may be asked, and {_waiting.Count} wait. Nothing was sent; ask again later, add replicas or raise its Limits.");
            waiter = new(ask);
            waiter.Place = _waiting.AddLast(waiter);
        }

        return WaitAsync(waiter, cancellationToken);
    }

    /// <summary>Takes a place where one is free on a replica that was not tried; null: there is none.</summary>
    public Replica? TryTakeAnother(Ask ask)
    {
        lock (replicas.Lock)
        {
            if (replicas.Pick(ask, out _) is not { } replica || ask.HasTried(replica)) return null;
            Occupy(replica);
            return replica;
        }
    }

    /// <summary>Gives a place back, to the first who waits.</summary>
    public void Release(Replica replica)
    {
        lock (replicas.Lock) replica.Outstanding--;
        PoolMeter.Outstanding(pool, replica.Name, -1);
        while (Next(out var waiter, out var found, out var refusal))
        {
            if (found is not null) waiter.Give(found);
            else waiter.Result.TrySetException(refusal!);
        }
    }

    private void Occupy(Replica replica)
    {
        replica.Outstanding++;
        PoolMeter.Outstanding(pool, replica.Name, 1);
    }

    private bool Next(out Waiter waiter, out Replica? found, out HybridException? refusal)
    {
        (waiter, found, refusal) = (null!, null, null);
        lock (replicas.Lock)
        {
            if (_waiting.First is not { } first) return false;
            waiter = first.Value;
            found = replicas.Pick(waiter.Ask, out refusal);
            if (found is null && refusal is null) return false;
            _waiting.RemoveFirst();
            waiter.Place = null;
            if (found is not null) Occupy(found);
            return true;
        }
    }

    private async ValueTask<Replica> WaitAsync(Waiter waiter, CancellationToken cancellationToken)
    {
        using var cancelled = cancellationToken.UnsafeRegister(_ => Leave(waiter, cancellationToken), null);
        return await waiter.Result.Task.ConfigureAwait(false);
    }

    private void Leave(Waiter waiter, CancellationToken cancellationToken)
    {
        lock (replicas.Lock)
        {
            if (waiter.Place is not { } place) return; // it was given one in the same moment
            _waiting.Remove(place);
            waiter.Place = null;
        }

        waiter.Result.TrySetCanceled(cancellationToken);
    }

    private sealed class Waiter(Ask ask)
    {
        public Ask Ask => ask;

        public TaskCompletionSource<Replica> Result { get; } = new();

        public LinkedListNode<Waiter>? Place { get; set; }

        /// <summary>Goes on in the caller's stack, unless that is nearly used up.</summary>
        public void Give(Replica replica)
        {
            if (RuntimeHelpers.TryEnsureSufficientExecutionStack()) Result.TrySetResult(replica);
            else ThreadPool.UnsafeQueueUserWorkItem(_ => Result.TrySetResult(replica), null);
        }
    }
}
