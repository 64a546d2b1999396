using Hybrid.Targets;

namespace Hybrid.Configuration;

/// <summary>Reads a pool's replicas and what holds among them.</summary>
internal static class ReplicaReader
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <param name="pool">The pool's section.</param>
    /// <param name="endpoint">The pool's own address, if it has one.</param>
    public static IReadOnlyList<ReplicaOptions> Replicas(SectionReader pool, Uri? endpoint)
    {
        List<ReplicaOptions> read = [];
        foreach (var section in pool.Sections(nameof(PoolOptions.Replicas)))
        {
            if (Replica(section) is { } replica) read.Add(replica);
        }

        if (!pool.Has(nameof(PoolOptions.Endpoint)) && !pool.Has(nameof(PoolOptions.Replicas)))
            pool.Error(nameof(PoolOptions.Endpoint), "it is missing; give the pool's address, or Replicas with theirs");
        if (read.Count > 0 && endpoint is null && read.All(replica => replica.Canary || replica.Model is not null))
            pool.Error(nameof(PoolOptions.Replicas), "all of them are canaries or substitutes; one at least must carry the pool's model for good");
        return read;
    }

    public static ReplicaLimitOptions Limits(SectionReader pool)
    {
        var read = new ReplicaLimitOptions();
        if (pool.Section(nameof(PoolOptions.Limits)) is not { } section) return read;
        read = new() { Connections = Whole(section, nameof(read.Connections), 1) ?? read.Connections, Pending = Whole(section, nameof(read.Pending), 0) ?? read.Pending };
        section.RefuseUnknown();
        return read;
    }

    public static ReplicaHealthOptions Health(SectionReader pool)
    {
        var read = new ReplicaHealthOptions();
        if (pool.Section(nameof(PoolOptions.Health)) is not { } section) return read;
        read = new()
        {
            ConsecutiveFailures = Whole(section, nameof(read.ConsecutiveFailures), 1) ?? read.ConsecutiveFailures,
            Interval = Time(section, nameof(read.Interval)) ?? read.Interval,
            EjectionTime = Time(section, nameof(read.EjectionTime)) ?? read.EjectionTime,
            MaxEjectionTime = Time(section, nameof(read.MaxEjectionTime)) ?? read.MaxEjectionTime,
            MaxEjectedShare = Number(section, nameof(read.MaxEjectedShare), 0, 0.5) ?? read.MaxEjectedShare,
            SlowStart = Time(section, nameof(read.SlowStart), mayBeZero: true) ?? read.SlowStart,
            ProbeAfter = Time(section, nameof(read.ProbeAfter)) ?? read.ProbeAfter,
        };
        section.RefuseUnknown();
        return read;
    }

    public static RetryOptions Retries(SectionReader pool)
    {
        var read = new RetryOptions();
        if (pool.Section(nameof(PoolOptions.Retries)) is not { } section) return read;
        read = new()
        {
            Most = Whole(section, nameof(read.Most), 0) ?? read.Most,
            BudgetShare = Number(section, nameof(read.BudgetShare), 0, 1) ?? read.BudgetShare,
            BudgetFloor = Whole(section, nameof(read.BudgetFloor), 0) ?? read.BudgetFloor,
            FirstDelay = Time(section, nameof(read.FirstDelay)) ?? read.FirstDelay,
            LongestDelay = Time(section, nameof(read.LongestDelay)) ?? read.LongestDelay,
            TryTimeout = Time(section, nameof(read.TryTimeout)),
            HedgeQuantile = Number(section, nameof(read.HedgeQuantile), 0.5, 0.999),
            HedgedTokensPerMinute = Whole(section, nameof(read.HedgedTokensPerMinute), 0) ?? read.HedgedTokensPerMinute,
        };
        section.RefuseUnknown();
        return read;
    }

    public static CanaryOptions Canary(SectionReader pool)
    {
        var read = new CanaryOptions();
        if (pool.Section(nameof(PoolOptions.Canary)) is not { } section) return read;
        read = new()
        {
            Share = Number(section, nameof(read.Share), 0, 1) ?? read.Share,
            Rollback = section.Flag(nameof(read.Rollback)) ?? read.Rollback,
            MinRequests = Whole(section, nameof(read.MinRequests), 1, 200) ?? read.MinRequests,
            MaxExtraFailures = Number(section, nameof(read.MaxExtraFailures), 0, 1) ?? read.MaxExtraFailures,
            MaxSlowdown = Number(section, nameof(read.MaxSlowdown), 1, 1000) ?? read.MaxSlowdown,
        };
        section.RefuseUnknown();
        return read;
    }

    private static ReplicaOptions? Replica(SectionReader section)
    {
        var endpoint = section.Address(nameof(ReplicaOptions.Endpoint));
        if (!section.Has(nameof(ReplicaOptions.Endpoint))) section.Error(nameof(ReplicaOptions.Endpoint), "it is missing; give the replica's address");
        var quality = section.Has(nameof(ReplicaOptions.Quality));
        if (quality && !section.Has(nameof(ReplicaOptions.Model))) section.Error(nameof(ReplicaOptions.Quality), "only a replica with a Model of its own has a quality of its own; give that, or the pool's Quality");
        var weight = section.Number(nameof(ReplicaOptions.Weight)) ?? 1;
        if (!double.IsFinite(weight) || weight <= 0) section.Error(nameof(ReplicaOptions.Weight), $"{weight} is out of range; use a finite number above 0");
        var read = new ReplicaOptions
        {
            Name = section.Name,
            Endpoint = endpoint ?? new("http://missing"),
            ApiKey = section.Text(nameof(ReplicaOptions.ApiKey)),
            Weight = weight,
            Model = section.Text(nameof(ReplicaOptions.Model)),
            Quality = Number(section, nameof(ReplicaOptions.Quality), 0, 1),
            Canary = section.Flag(nameof(ReplicaOptions.Canary)) ?? false,
            Settings = section.Free(nameof(ReplicaOptions.Settings)),
        };
        section.RefuseUnknown();
        return endpoint is null ? null : read;
    }

    private static int? Whole(SectionReader section, string key, int least, int most = int.MaxValue)
    {
        if (section.Whole(key) is not { } value) return null;
        if (value >= least && value <= most) return value;
        section.Error(key, $"{value} is out of range; use {least} {(most == int.MaxValue ? "or more" : $"to {most}")}");
        return null;
    }

    private static double? Number(SectionReader section, string key, double least, double most)
    {
        if (section.Number(key) is not { } value) return null;
        if (value >= least && value <= most) return value;
        section.Error(key, $"{value} is out of range; use {least} to {most}");
        return null;
    }

    private static TimeSpan? Time(SectionReader section, string key, bool mayBeZero = false)
    {
        if (section.Time(key) is not { } value) return null;
        if (value <= Day && (value > TimeSpan.Zero || (mayBeZero && value == TimeSpan.Zero))) return value;
        section.Error(key, $"{value} is out of range; use {(mayBeZero ? "0 or more" : "more than 0")} and at most a day");
        return null;
    }
}
