using Hybrid.CloudConnector.Pools.Balancing;
using Hybrid.CloudConnector.Pools.Health;
using Hybrid.Configuration;
using Microsoft.Extensions.Logging;

namespace Hybrid.CloudConnector.Pools;

/// <summary>A pool's replicas: who may be asked, who is out, and whose trial goes on.</summary>
/// <remarks>Thread-safe; <see cref="Pick"/> and what is read of a replica need <see cref="Lock"/>.</remarks>
internal sealed class ReplicaSet(PoolOptions options, IReadOnlyList<Replica> replicas, PoolClock clock, Func<double> draw, ILogger logger)
{
    private readonly string _pool = options.Descriptor.Name;
    private readonly Balancer _balancer = new(draw);
    private readonly CanarySplit _canary = new(options.Canary);
    private readonly bool _hasCanaries = replicas.Any(replica => replica.IsCanary);
    private readonly List<Replica> _candidates = [];

    public Lock Lock { get; } = new();

    public IReadOnlyList<Replica> All => replicas;

    /// <summary>The most that may be out at once.</summary>
    public int MostOut { get; } = (int)(replicas.Count * options.Health.MaxEjectedShare);

    /// <summary>Why the canaries are no longer asked; null: they are, or there are none.</summary>
    public string? RolledBack => _canary.RolledBack;

    /// <summary>The replica for a request, under the lock.</summary>
    /// <param name="ask">The request.</param>
    /// <param name="refusal">Why nobody may be asked; null beside a null result: all who may be are full.</param>
    public Replica? Pick(Ask ask, out HybridException? refusal)
    {
        refusal = null;
        var now = clock.Now;
        var canary = _hasCanaries && _canary.Takes(ask.Key);
        var (best, fits) = (Preference.Never, false);
        foreach (var replica in replicas)
        {
            var found = Preferences.Of(replica, ask, canary, RolledBack is not null, now);
            fits |= found < Preference.Unwell;
            if (!IsFull(replica) && found < best) best = found;
        }

        if (best >= Preference.Never)
        {
            if (!fits && !replicas.Any(IsFull)) refusal = Nobody(now);
            return null;
        }

        if (best >= Preference.Unwell && fits) return null; // those who are well are full
        Gather(best & ~Preference.Cold);
        if (_candidates.Count == 0) Gather(best | Preference.Cold);
        if (_candidates.Count == 0) Gather(best, evenBusy: true);
        return _balancer.Choose(_candidates, ask.Key, now);

        void Gather(Preference wanted, bool evenBusy = false)
        {
            _candidates.Clear();
            var quality = 0.0;
            foreach (var replica in replicas)
            {
                if (IsFull(replica) || (!evenBusy && IsBusy(replica)) || Preferences.Of(replica, ask, canary, RolledBack is not null, now) != wanted) continue;
                if (replica.Substitute is not null && (replica.Quality ?? 0) != quality)
                {
                    if (_candidates.Count > 0 && (replica.Quality ?? 0) < quality) continue;
                    _candidates.Clear();
                    quality = replica.Quality ?? 0;
                }

                _candidates.Add(replica);
            }
        }
    }

    /// <summary>Whether a request that lost some replicas in mid-stream would find another than the last of them.</summary>
    /// <param name="lost">Names, in the order in which they were lost.</param>
    /// <param name="within">How long it can wait for one.</param>
    public bool HasAnotherThan(IReadOnlyCollection<string> lost, TimeSpan within)
    {
        lock (Lock)
        {
            var (now, last) = (clock.Now, lost.LastOrDefault());
            return replicas.Any(replica => replica.Name != last && !replica.IsDrained && replica.Health.MayBeBack(now, within) && !(replica.IsCanary && RolledBack is not null));
        }
    }

    /// <summary>Whether nothing was heard of late that speaks against a replica, under the lock.</summary>
    public bool IsWell(Replica replica)
    {
        var now = clock.Now;
        return replica.Health.HasRecovered && replica.Health.OutUntil(now) is null && !replica.Health.IsUnwell(now);
    }

    /// <summary>Something of an answer came for the first time.</summary>
    public void Began(Replica replica, TimeSpan after)
    {
        lock (Lock)
        {
            replica.Health.Began(clock.Now);
            replica.FirstTokens.Add(after.TotalSeconds);
            if (_hasCanaries) _canary.Heard(replica.IsCanary, after);
        }
    }

    /// <summary>A request ended: well, or by the replica's fault.</summary>
    /// <param name="replica">Whose it was.</param>
    /// <param name="fault">How it failed; null: it did not.</param>
    /// <param name="gone">Whether its connection broke.</param>
    /// <param name="secondsPerToken">Time per output token of a whole answer; null: it had fewer than two.</param>
    public void Ended(Replica replica, HybridError? fault, bool gone = false, double? secondsPerToken = null)
    {
        lock (Lock)
        {
            var now = clock.Now;
            if (secondsPerToken is { } seconds) replica.PerToken.Add(seconds);
            if (fault is { } error)
            {
                replica.Failed++;
                if (replica.Health.Failed(now, error == HybridError.TargetUnavailable, gone)) Eject(replica, error, now);
            }
            else
            {
                replica.Answered++;
                replica.Health.Succeeded(now);
            }

            if (!_hasCanaries || !_canary.Ended(replica.IsCanary, fault is not null)) return;
        }

        PoolMeter.RolledBack(_pool);
        PoolLog.RolledBack(logger, _pool, RolledBack!);
    }

    /// <summary>A replica asked to be left alone.</summary>
    public void Rest(Replica replica, TimeSpan time)
    {
        lock (Lock) replica.Health.Rest(clock.Now + time);
    }

    private static bool IsBusy(Replica replica) => replica.Target.State is { Slots: > 0 and var slots } && replica.Outstanding >= slots;

    private bool IsFull(Replica replica) => replica.Outstanding >= options.Limits.Connections;

    private void Eject(Replica replica, HybridError last, TimeSpan now)
    {
        if (replicas.Count(other => other.Health.OutUntil(now) is not null) >= MostOut)
        {
            replica.Health.PutOnTrial();
            return;
        }

        var time = replica.Health.Eject(now);
        replica.OutFor = $"{options.Health.ConsecutiveFailures} failures in a row, the last of them {last}";
        PoolMeter.Ejected(_pool, replica.Name);
        PoolLog.Ejected(logger, _pool, replica.Name, options.Health.ConsecutiveFailures, time.TotalSeconds);
    }

    private HybridException Nobody(TimeSpan now)
    {
        var rest = replicas.Min(replica => replica.Health.RestsUntil(now) - now);
        return rest is { } time && time > TimeSpan.Zero
            ? new(HybridError.Busy, $"Every replica of pool '{_pool}' that may be asked asked to be left alone; the first for another {time.TotalSeconds:0.###} s. Nothing was sent; ask again then.") { RetryAfter = time }
            : new(HybridError.TargetUnavailable, $"Pool '{_pool}' has no replica that may be asked: {Why()}. Nothing was sent.");
    }

    private string Why() => replicas.All(replica => replica.IsDrained)
        ? $"all of them are drained; 'hybrid pools drain {_pool} --undo' takes them in again"
        : RolledBack ?? "only substitutes of the model that was asked for are left" + (replicas.Any(replica => replica.IsDrained) ? ", and others are drained" : "");
}
