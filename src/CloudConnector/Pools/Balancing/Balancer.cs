namespace Hybrid.CloudConnector.Pools.Balancing;

/// <summary>Chooses among replicas that are equally good for a request.</summary>
/// <remarks>
/// A conversation has a replica of its own, found by weighted rendezvous hashing, so that few conversations move when replicas come and go.
/// Where that one has a quarter more than its share of the load, and more than one request more, the less busy of two others that are
/// drawn by weight takes the request (the power of two choices).
/// </remarks>
/// <param name="draw">0 to below 1.</param>
internal sealed class Balancer(Func<double> draw)
{
    private const double MostOverShare = 1.25;

    public Replica Choose(List<Replica> candidates, ulong key, TimeSpan now)
    {
        if (candidates.Count == 1) return candidates[0];
        var (own, best, load, weights) = (candidates[0], double.MaxValue, 0, 0.0);
        foreach (var replica in candidates)
        {
            var share = replica.ShareAt(now);
            var rank = -Math.Log(PromptKey.Even(key, replica.Seed) + double.Epsilon) / share;
            if (rank < best) (own, best) = (replica, rank);
            load += replica.Outstanding;
            weights += share;
        }

        var ownShare = own.ShareAt(now);
        if (own.Outstanding <= (MostOverShare * load * ownShare / weights) + 1) return own;
        var one = Draw(candidates, own, weights - ownShare, now);
        var other = Draw(candidates, own, weights - ownShare, now);
        return Load(one, now) <= Load(other, now) ? one : other;
    }

    private static double Load(Replica replica, TimeSpan now) => (replica.Outstanding + 1) / replica.ShareAt(now);

    private Replica Draw(List<Replica> candidates, Replica except, double weights, TimeSpan now)
    {
        var at = draw() * weights;
        Replica? last = null;
        foreach (var replica in candidates)
        {
            if (replica == except) continue;
            last = replica;
            at -= replica.ShareAt(now);
            if (at < 0) break;
        }

        return last!;
    }
}
