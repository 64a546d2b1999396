using System.Globalization;
using Hybrid.CloudConnector.Pools.Board;

namespace Hybrid.Cli.Pools;

/// <summary>What a process that uses a place says of it on the board.</summary>
/// <param name="Process">The process's id.</param>
/// <param name="App">The process's name.</param>
/// <param name="At">When it said so.</param>
/// <param name="RolledBack">Why it no longer asks the pool's canaries.</param>
/// <param name="Replica">What it says.</param>
internal sealed record SeenPlace(int Process, string App, DateTimeOffset At, string? RolledBack, ReplicaStatus Replica)
{
    /// <summary>What is said of a place, of every process that lives.</summary>
    public static IReadOnlyList<SeenPlace> Of(IReadOnlyList<PoolStatus> board, PoolPlace place) =>
    [
        .. from status in board
           where status.Pool == place.Pool
           from replica in status.Replicas
           where place.Replica is null || replica.Name == place.Replica
           select new SeenPlace(status.Process, status.App, status.At, status.RolledBack, replica),
    ];

    public IEnumerable<string> Lines(DateTimeOffset now)
    {
        var ago = Math.Max((now - At).TotalSeconds, 0);
        yield return string.Create(CultureInfo.InvariantCulture, $"{App} ({Process}), {ago:0} s ago: {Replica.Answered} answered, {Replica.Failed} failed, {Replica.Running} running");
        if (Replica.FirstToken is { } first)
            yield return $"  TTFT {Milliseconds(first)}{(Replica.PerToken is { } each ? $", TPOT {Milliseconds(each)}" : "")} ms (p50, p95, p99)";
        if (Replica.OutUntil is { } until)
            yield return $"  left out until {until:HH:mm:ss}Z, ejected {Replica.Ejections} times of late: {Replica.OutFor}";
        if (Replica.RestsUntil is { } rests)
            yield return $"  asked to be left alone until {rests:HH:mm:ss}Z";
        if (Replica.OnTrial)
            yield return "  on trial: one request at a time until it answers";
        if (Replica.Drained)
            yield return "  drained: it gets no new request";
        if (RolledBack is not null)
            yield return $"  the pool's canaries were rolled back: {RolledBack}";
    }

    private static string Milliseconds(Quantiles quantiles) =>
        string.Create(CultureInfo.InvariantCulture, $"{quantiles.P50 * 1000:0.#} / {quantiles.P95 * 1000:0.#} / {quantiles.P99 * 1000:0.#}");
}
