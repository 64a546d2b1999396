using Hybrid.Targets;

namespace Hybrid.Engines.Residency;

/// <summary>A model that <see cref="ResidentModels"/> loads when it is asked and may unload when it is not.</summary>
public sealed record ResidentModel
{
    /// <summary>How long a failed load counts as unavailable where nothing else is said.</summary>
    /// <value>30 seconds</value>
    public static readonly TimeSpan DefaultRetryAfter = TimeSpan.FromSeconds(30);

    /// <summary>What is known before the load.</summary>
    public required TargetDescriptor Descriptor { get; init; }

    /// <summary>Loads it, into the zone of <see cref="Descriptor"/>; the token is cancelled when the target is disposed.</summary>
    public required Func<CancellationToken, ValueTask<ITarget>> LoadAsync { get; init; }

    /// <summary>Says, before a load, how many bytes it will take; asked only where there is a budget.</summary>
    /// <value>Null: it counts as nothing.</value>
    public Func<CancellationToken, ValueTask<long>>? EstimateAsync { get; init; }

    /// <summary>Time after the last request until it is unloaded; zero: at once.</summary>
    /// <value>Null: it stays until another model needs its room.</value>
    public TimeSpan? KeepAlive { get; init; }

    /// <summary>Whether it stays loaded, once it is, until its target is disposed.</summary>
    public bool Pinned { get; init; }

    /// <summary>How long a failed load counts as unavailable before a request tries again; warming tries at once.</summary>
    /// <value><see cref="DefaultRetryAfter"/></value>
    public TimeSpan RetryAfter { get; init; } = DefaultRetryAfter;

    /// <summary>Called when a request begins to use it, before it is loaded where it is not; what it gives is disposed when the request ends. Must not block or throw.</summary>
    internal Func<IDisposable>? OnUse { get; init; }

    /// <summary>Called each time after what <see cref="LoadAsync"/> gave was disposed; must not throw.</summary>
    internal Action? OnUnloaded { get; init; }
}
