using System.Diagnostics.Metrics;
using Hybrid.Accounting;

namespace Hybrid.Models.Prefetch;

/// <summary>What prefetching tells the meter <c>Hybrid</c>, by model.</summary>
internal static class PrefetchMeter
{
    private static readonly Meter Meter = new(HybridMeter.Name);
    private static readonly Counter<long> Uses = Meter.CreateCounter<long>("hybrid.prefetch.uses", "{use}", "Uses after a pause, by result: hit (it had been brought nearer, by how near), warm (loaded without help) or miss.");
    private static readonly Counter<long> Steps = Meter.CreateCounter<long>("hybrid.prefetch.steps", "{step}", "Steps by which a model was brought nearer, by level and result: done, stopped or failed.");
    private static readonly Counter<long> Fetched = Meter.CreateCounter<long>("hybrid.prefetch.fetched", "By", "Bytes fetched ahead.");
    private static readonly Counter<long> Wasted = Meter.CreateCounter<long>("hybrid.prefetch.wasted", "By", "Bytes brought nearer that nobody used in time, by level.");

    public static void Used(string model, string result, PrefetchLevel level) => Uses.Add(1, Model(model), new("result", result), Level(level));

    public static void Stepped(string model, PrefetchLevel level, string result) => Steps.Add(1, Model(model), Level(level), new("result", result));

    public static void Came(string model, long bytes) => Fetched.Add(bytes, Model(model));

    public static void Lost(string model, PrefetchLevel level, long bytes) => Wasted.Add(bytes, Model(model), Level(level));

    private static KeyValuePair<string, object?> Model(string model) => new("model", model);

    private static KeyValuePair<string, object?> Level(PrefetchLevel level) => new("level", level switch
    {
        PrefetchLevel.Fetched => "fetched",
        PrefetchLevel.Primed => "primed",
        PrefetchLevel.Loaded => "loaded",
        _ => "none",
    });
}
