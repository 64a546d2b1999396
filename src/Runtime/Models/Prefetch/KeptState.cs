using System.Text.Json.Serialization;

namespace Hybrid.Models.Prefetch;

/// <summary>What a prefetcher keeps between starts.</summary>
internal sealed record KeptState
{
    public const int CurrentVersion = 1;

    public int Version { get; init; } = CurrentVersion;

    public IReadOnlyDictionary<string, KeptHabit> Models { get; init; } = new Dictionary<string, KeptHabit>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The local day of <see cref="FetchedToday"/>.</summary>
    public DateOnly Day { get; init; }

    public long FetchedToday { get; init; }

    /// <summary>Bytes that were fetched ahead and not used yet, by model.</summary>
    public IReadOnlyDictionary<string, KeptFetch> Unused { get; init; } = new Dictionary<string, KeptFetch>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether its numbers can be what a prefetcher wrote.</summary>
    public bool IsSound => Version == CurrentVersion && FetchedToday >= 0 && Unused.Values.All(one => one.Bytes >= 0)
        && Models.Values.All(one => IsCount(one.Sessions) && one.Hours.All(hour => IsCount(hour.Count) && IsCount(hour.Hours)) && one.Followers.Values.All(IsCount));

    private static bool IsCount(double number) => double.IsFinite(number) && number >= 0;
}

/// <summary>Bytes of a model that were fetched ahead, and whether they count as wasted already.</summary>
internal sealed record KeptFetch(long Bytes, DateTimeOffset At, bool Wasted = false);

/// <summary>What is kept of one model's use.</summary>
internal sealed record KeptHabit
{
    public DateTimeOffset Until { get; init; }

    public DateTimeOffset? LastUse { get; init; }

    public double Sessions { get; init; }

    public IReadOnlyList<KeptHour> Hours { get; init; } = [];

    public IReadOnlyDictionary<string, double> Followers { get; init; } = new Dictionary<string, double>(StringComparer.OrdinalIgnoreCase);
}

/// <summary>One hour of the week: sessions that began in it, and how many such hours passed.</summary>
internal sealed record KeptHour(int Hour, double Count, double Hours);

/// <summary>The state's JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(KeptState))]
internal sealed partial class PrefetchJson : JsonSerializerContext;
