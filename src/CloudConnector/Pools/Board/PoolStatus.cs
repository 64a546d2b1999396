using System.Text.Json.Serialization;

namespace Hybrid.CloudConnector.Pools.Board;

/// <summary>A pool as one process sees it.</summary>
/// <param name="Pool">Its name.</param>
/// <param name="Process">The process's id.</param>
/// <param name="App">The process's name.</param>
/// <param name="At">When this was so.</param>
/// <param name="Waiting">Requests that wait for a place on a replica.</param>
/// <param name="RolledBack">Why the canaries are no longer asked; null: they are, or there are none.</param>
/// <param name="Replicas">Its replicas.</param>
internal sealed record PoolStatus(string Pool, int Process, string App, DateTimeOffset At, int Waiting, string? RolledBack, IReadOnlyList<ReplicaStatus> Replicas);

/// <summary>A replica as one process sees it.</summary>
/// <param name="Name">Its name in the pool.</param>
/// <param name="Running">Requests on it now.</param>
/// <param name="Answered">Requests that it answered since the process began.</param>
/// <param name="Failed">Requests that it failed.</param>
/// <param name="FirstToken">Time to the first token of the last 200 answers, in seconds; null: there was none.</param>
/// <param name="PerToken">Time per output token of the last 200 answers of two tokens or more, in seconds.</param>
/// <param name="Ejections">How often it was left out of late.</param>
/// <param name="OutUntil">Until when it is left out; null: it is in.</param>
/// <param name="OutFor">Why.</param>
/// <param name="RestsUntil">Until when it asked to be left alone.</param>
/// <param name="OnTrial">Whether it has yet to show that it answers again.</param>
/// <param name="Drained">Whether it was taken out by hand.</param>
internal sealed record ReplicaStatus(
    string Name,
    int Running,
    long Answered,
    long Failed,
    Quantiles? FirstToken,
    Quantiles? PerToken,
    int Ejections,
    DateTimeOffset? OutUntil,
    string? OutFor,
    DateTimeOffset? RestsUntil,
    bool OnTrial,
    bool Drained);

/// <summary>Where half, 95 and 99 of a hundred figures lie below.</summary>
internal sealed record Quantiles(double P50, double P95, double P99)
{
    public static Quantiles? Of(LastFigures figures) => figures.Count == 0 ? null : new(figures.Median, figures.Quantile(0.95), figures.Quantile(0.99));
}

/// <summary>The board's JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PoolStatus))]
internal sealed partial class BoardJson : JsonSerializerContext;
