using Hybrid.Network;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Pools.Health;

/// <summary>Asks replicas how they are: only while requests are about, only those of which nothing was heard for a while, each a little apart.</summary>
/// <remarks>
/// What a probe says makes a replica more or less welcome. It ejects none, and brings none back but one whose process was gone: a sick one may
/// say that it is well.
/// </remarks>
internal sealed class Prober(ReplicaSet replicas, PoolClock clock, Func<double> draw, CancellationToken disposed)
{
    private static readonly TimeSpan LongestProbe = TimeSpan.FromSeconds(3);

    /// <summary>Probes that are due at the same time begin within it.</summary>
    private static readonly TimeSpan Spread = TimeSpan.FromSeconds(0.1);

    /// <summary>Between two looks, about.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(0.5);

    private long _nextLook;

    /// <summary>A request is about: who has long said nothing is asked, in the background.</summary>
    public void Look()
    {
        var now = clock.Now;
        List<Replica>? stale = null;
        if (now.Ticks < Volatile.Read(ref _nextLook)) return; // for every request: nothing is written
        lock (replicas.Lock)
        {
            Volatile.Write(ref _nextLook, (now + (Pause * (0.5 + draw()))).Ticks);
            foreach (var replica in replicas.All)
            {
                if (!replica.IsAsked && !(now - replica.Health.HeardAt < replica.Health.ProbeAfter(now)) && replica.Target is INetworkTarget) (stale ??= []).Add(replica);
            }
        }

        foreach (var replica in stale ?? []) _ = AskAsync(replica, Spread * draw(), disposed);
    }

    /// <summary>Asks every replica.</summary>
    /// <returns>Whether any answered; null: none can be asked.</returns>
    public async ValueTask<bool?> AskAllAsync(CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(replicas.All.Select(replica => AskAsync(replica, TimeSpan.Zero, cancellationToken))).ConfigureAwait(false);
        return answers.Contains(true) ? true : answers.Contains(false) ? false : null;
    }

    private async Task<bool?> AskAsync(Replica replica, TimeSpan after, CancellationToken cancellationToken)
    {
        if (replica.Target is not INetworkTarget target) return null;
        lock (replicas.Lock) replica.IsAsked = true;
        if (after > TimeSpan.Zero) await Task.Delay(after, clock.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var answered = await Probing.AskAsync(target, clock.Time, cancellationToken, LongestProbe).ConfigureAwait(false);
        if (answered == false && cancellationToken.IsCancellationRequested) answered = null; // nobody waits for it any more
        lock (replicas.Lock)
        {
            replica.IsAsked = false;
            if (answered is not null) replica.Health.Probed(clock.Now, answered == true && replica.Target.State.Readiness is not (TargetReadiness.Unavailable or TargetReadiness.Warming)); // who loads cannot answer yet
        }

        return answered;
    }
}
