namespace Hybrid.Models.Prefetch;

/// <summary>Which models are kept near, when, and what that may take: section <c>Hybrid:Models:Prefetch</c>.</summary>
public sealed record PrefetchOptions
{
    /// <summary>Models that are kept near whatever is learned.</summary>
    public IReadOnlyList<PrefetchRule> Models { get; init; } = [];

    /// <summary>Whether use by hour of the week, and which model follows which, are learned and acted on.</summary>
    /// <value>true</value>
    public bool Learn { get; init; } = true;

    /// <summary>The nearest that what was learned brings a model.</summary>
    /// <value><see cref="PrefetchLevel.Loaded"/></value>
    public PrefetchLevel MaxLevel { get; init; } = PrefetchLevel.Loaded;

    /// <summary>How long before the hour of its use a model is loaded; 0 to 60 minutes.</summary>
    /// <value>10 minutes</value>
    public TimeSpan Ahead { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The chance of a use from which on a model is brought nearer; above 0, at most 1.</summary>
    /// <value>0.25</value>
    public double MinChance { get; init; } = 0.25;

    /// <summary>Bytes per second that fetching ahead may take of the line; above 0.</summary>
    /// <value>Null: no limit.</value>
    public long? BytesPerSecond { get; init; }

    /// <summary>Bytes that may be fetched ahead from midnight to midnight, local time; above 0.</summary>
    /// <value>Null: no limit.</value>
    public long? BytesPerDay { get; init; }

    /// <summary>Bytes that models may take on disk that were fetched ahead and not used yet; above 0.</summary>
    /// <value>Null: no limit but the store's quota.</value>
    public long? Disk { get; init; }

    /// <summary>Whether the line is paid by the byte, so that nothing is fetched ahead over it.</summary>
    /// <value><see cref="LinkCost.Auto"/></value>
    public LinkCost Link { get; init; } = LinkCost.Auto;
}

/// <summary>A model that is kept near, always or at certain times.</summary>
public sealed record PrefetchRule
{
    /// <summary>A target on this device by its name, such as <c>device</c>, or a model of the store, such as <c>qwen3-0.6b:q8_0</c>.</summary>
    public required string Model { get; init; }

    /// <summary>How near; <see cref="PrefetchLevel.None"/>: it is never fetched, primed or loaded ahead.</summary>
    /// <value><see cref="PrefetchLevel.Loaded"/></value>
    public PrefetchLevel Level { get; init; } = PrefetchLevel.Loaded;

    /// <summary>Where it is pulled from when it is not in the store, such as <c>hf:Qwen/Qwen3-0.6B-GGUF:Q8_0</c>.</summary>
    /// <value>Null: where it was pulled from before; else it is not fetched.</value>
    public string? Reference { get; init; }

    /// <summary>The days of the week.</summary>
    /// <value>Empty: all.</value>
    public IReadOnlyList<DayOfWeek> Days { get; init; } = [];

    /// <summary>When it begins, by the local clock; whole minutes.</summary>
    /// <value>Null, with <see cref="Until"/>: all day.</value>
    public TimeSpan? From { get; init; }

    /// <summary>When it ends; earlier than <see cref="From"/> where it goes over midnight, and the day is that of its beginning.</summary>
    public TimeSpan? Until { get; init; }

    /// <summary>Whether it holds at a time of the local clock.</summary>
    internal bool Covers(DateTimeOffset local)
    {
        var clock = local.TimeOfDay;
        if (From is not { } from || Until is not { } until || from == until) return IsDay(local.DayOfWeek);
        if (from < until) return IsDay(local.DayOfWeek) && clock >= from && clock < until;
        return (clock >= from && IsDay(local.DayOfWeek)) || (clock < until && IsDay(local.AddDays(-1).DayOfWeek));
    }

    private bool IsDay(DayOfWeek day) => Days.Count == 0 || Days.Contains(day);
}

/// <summary>What a line costs.</summary>
public enum LinkCost
{
    /// <summary>As the operating system tells.</summary>
    Auto,

    /// <summary>Paid by the byte.</summary>
    Metered,

    /// <summary>Not paid by the byte.</summary>
    Unmetered,
}
