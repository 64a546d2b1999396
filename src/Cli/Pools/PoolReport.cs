using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Hybrid.CloudConnector.Pools.Board;
using Hybrid.Targets;

namespace Hybrid.Cli.Pools;

/// <summary>One place of a pool as it was found.</summary>
/// <param name="Name">The pool, or <c>POOL/REPLICA</c>.</param>
/// <param name="Zone">Where it is.</param>
/// <param name="Model">What it carries.</param>
/// <param name="State">In lower case, such as <c>warm</c>.</param>
/// <param name="Detail">Why it is not warm, or what it is doing.</param>
/// <param name="Seconds">How long its answer took; null: it gave none.</param>
/// <param name="Features">What it can do; null: that was not asked.</param>
/// <param name="Seen">What the processes that use it say of it; null: there is no board.</param>
internal sealed record FoundPlace(
    string Name, string Zone, string Model, string State, string Detail, double? Seconds, IReadOnlyList<PoolFeature>? Features = null, IReadOnlyList<SeenPlace>? Seen = null);

/// <summary>What <c>hybrid pools</c> found.</summary>
internal sealed record PoolReport(IReadOnlyList<FoundPlace> Pools)
{
    /// <summary>Whether every pool has a place that is not out of reach, and none lacks what it claims.</summary>
    [JsonIgnore]
    public bool Healthy => Pools.GroupBy(place => place.Name.Split('/')[0]).All(pool => pool.Any(place => place.State != "unavailable"))
        && Pools.All(place => place.Features?.All(feature => feature.Works != false || feature.Feature is "tells token ids" or "streams" or "says the same again") != false);

    public static async Task<PoolReport> ListAsync(IReadOnlyList<PoolPlace> places, PoolBoard? board, CancellationToken cancellationToken)
    {
        var said = board?.Read();
        return new(await Task.WhenAll(places.Select(async place =>
        {
            var (state, took) = await place.AskAsync(cancellationToken);
            return Found(place, state, took) with { Seen = said is null ? null : SeenPlace.Of(said, place) };
        })));
    }

    public static async Task<PoolReport> WarmAsync(IReadOnlyList<PoolPlace> places, CancellationToken cancellationToken) => new(await Task.WhenAll(places.Select(async place =>
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            await place.Target.WarmAsync(cancellationToken);
            var took = Stopwatch.GetElapsedTime(began);
            await place.AskAsync(cancellationToken);
            return Found(place, place.Target.State, took);
        }
        catch (HybridException error)
        {
            return Found(place, new(TargetReadiness.Unavailable, error.Message), null);
        }
    })));

    /// <summary>One after the other, so that none is measured beside another.</summary>
    public static async Task<PoolReport> ProbeAsync(IReadOnlyList<PoolPlace> places, CancellationToken cancellationToken)
    {
        List<FoundPlace> found = [];
        foreach (var place in places)
        {
            var features = await new PoolProbe(place).RunAsync(cancellationToken);
            found.Add(Found(place, place.Target.State, null) with { Features = features });
        }

        return new(found);
    }

    public string ToText(DateTimeOffset now)
    {
        if (Pools.Count == 0) return "No pools are configured: Hybrid:Pools is empty.\n";
        var text = new StringBuilder();
        var (names, zones, models) = (Pools.Max(place => place.Name.Length), Pools.Max(place => place.Zone.Length), Pools.Max(place => place.Model.Length));
        foreach (var place in Pools)
        {
            var took = place.Seconds is { } seconds ? $"{seconds * 1000:0} ms" : "-";
            text.AppendLine($"{place.Name.PadRight(names)}  {place.Zone.PadRight(zones)}  {place.Model.PadRight(models)}  {place.State,-11}  {took,8}  {place.Detail}".TrimEnd());
            foreach (var line in place.Seen?.SelectMany(seen => seen.Lines(now)) ?? [])
                text.AppendLine($"  {line}");
            foreach (var feature in place.Features ?? [])
                text.AppendLine($"  {feature.Works switch { true => "yes", false => "no ", _ => "-  " }}  {feature.Feature,-24} {feature.Detail}");
        }

        return text.ToString();
    }

    public string ToJson() => JsonSerializer.Serialize(this, PoolJson.Default.PoolReport);

    private static FoundPlace Found(PoolPlace place, TargetState state, TimeSpan? took) => new(
        place.Name,
        place.Target.Descriptor.Zone.ToString(),
        place.Target.Descriptor.Model,
        state.Readiness.ToString().ToLowerInvariant(),
        state.Reason.Length > 0 ? state.Reason : state.Slots > 0 ? $"{state.BusySlots} of {state.Slots} slots busy, {state.QueueLength} waiting" : "",
        took?.TotalSeconds);
}

/// <summary>The report's JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PoolReport))]
internal sealed partial class PoolJson : JsonSerializerContext;
