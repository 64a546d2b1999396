namespace Hybrid.Configuration;

/// <summary>When a replica is left out, and for how long: section <c>Health</c> of a pool, with Envoy's rules.</summary>
public sealed record ReplicaHealthOptions
{
    /// <summary>So many failures in a row within <see cref="Interval"/> eject a replica; 1 or more.</summary>
    /// <value>5</value>
    public int ConsecutiveFailures { get; init; } = 5;

    /// <summary>Within what they must happen; also how long a replica has to be well for one ejection to be forgotten.</summary>
    /// <value>10 seconds</value>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long it is out, times the ejections that are remembered.</summary>
    /// <value>30 seconds</value>
    public TimeSpan EjectionTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The most that it is out at once.</summary>
    /// <value>300 seconds</value>
    public TimeSpan MaxEjectionTime { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>The most of a pool's replicas that are out at once, 0 to 0.5; rounded down, so that a pool of one loses none.</summary>
    /// <value>0.5</value>
    public double MaxEjectedShare { get; init; } = 0.5;

    /// <summary>How long its share grows from a tenth to the whole once it is back and has answered; 0 or more.</summary>
    /// <value>30 seconds</value>
    public TimeSpan SlowStart { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>So long nothing was heard of a replica, and it is asked how it is while requests are about.</summary>
    /// <value>10 seconds</value>
    public TimeSpan ProbeAfter { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>When another replica is asked: section <c>Retries</c> of a pool. Only before anything of an answer came.</summary>
public sealed record RetryOptions
{
    /// <summary>Retries of one attempt, 0 or more.</summary>
    /// <value>2</value>
    public int Most { get; init; } = 2;

    /// <summary>Retries and hedges of the last 10 s beside its requests, 0 to 1.</summary>
    /// <value>0.2</value>
    public double BudgetShare { get; init; } = 0.2;

    /// <summary>Retries and hedges in 10 s that are allowed however few requests there are, 0 or more.</summary>
    /// <value>3</value>
    public int BudgetFloor { get; init; } = 3;

    /// <summary>The most before the first retry; each later one may take twice as long, and the wait is drawn evenly from 0 to that.</summary>
    /// <value>0.025 seconds</value>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(0.025);

    /// <summary>The most before any retry. A replica that asks to be left alone for longer is not waited for.</summary>
    /// <value>1 second</value>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>So long without anything from a replica, and it counts as failed.</summary>
    /// <value>Null: as long as the pool's type waits.</value>
    public TimeSpan? TryTimeout { get; init; }

    /// <summary>A request that waits longer for its first token than this share of the others did is asked of a second replica too, 0.5 to 0.999.</summary>
    /// <value>Null: no request is.</value>
    public double? HedgeQuantile { get; init; }

    /// <summary>Tokens that hedges may waste in a minute, prompts included, 0 or more.</summary>
    /// <value>10000</value>
    public int HedgedTokensPerMinute { get; init; } = 10_000;
}
