using System.Diagnostics.Metrics;
using Hybrid.Accounting;

namespace Hybrid.CloudConnector.Pools;

/// <summary>What pools do, on the meter <c>Hybrid</c>; names only, never text or addresses.</summary>
internal static class PoolMeter
{
    private static readonly Meter Meter = new(HybridMeter.Name);
    private static readonly Counter<long> Ejections = Meter.CreateCounter<long>("hybrid.pool.ejections", "{ejection}", "Replicas left out for failures in a row, by pool and replica.");
    private static readonly Counter<long> Retries = Meter.CreateCounter<long>("hybrid.pool.retries", "{request}", "Requests asked once more, by pool and kind: retry, hedge, move (the connection broke and another replica is well), or refused where the budget was spent.");
    private static readonly UpDownCounter<long> Requests = Meter.CreateUpDownCounter<long>("hybrid.pool.outstanding", "{request}", "Requests on a replica now, by pool and replica.");
    private static readonly Counter<long> Rollbacks = Meter.CreateCounter<long>("hybrid.pool.rollbacks", "{rollback}", "Trials of canaries that ended by their limits, by pool.");

    public static void Ejected(string pool, string replica) => Ejections.Add(1, new("pool", pool), new KeyValuePair<string, object?>("replica", replica));

    public static void Retried(string pool, string kind) => Retries.Add(1, new("pool", pool), new KeyValuePair<string, object?>("kind", kind));

    public static void Outstanding(string pool, string replica, int more) => Requests.Add(more, new("pool", pool), new KeyValuePair<string, object?>("replica", replica));

    public static void RolledBack(string pool) => Rollbacks.Add(1, new KeyValuePair<string, object?>("pool", pool));
}
