namespace Hybrid.Configuration;

/// <summary>One replica of a pool: section <c>Hybrid:Pools:NAME:Replicas:REPLICA</c>.</summary>
public sealed record ReplicaOptions
{
    /// <summary>Its name in states, receipts and meters.</summary>
    public required string Name { get; init; }

    /// <summary>Where it answers.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>The key it asks for; never logged.</summary>
    /// <value>Null: the pool's.</value>
    public string? ApiKey { get; init; }

    /// <summary>Its share of the load beside the others', above 0.</summary>
    /// <value>1</value>
    public double Weight { get; init; } = 1;

    /// <summary>The model that it carries in place of the pool's: a substitute, asked only where no other replica can answer.</summary>
    /// <value>Null: the pool's model.</value>
    public string? Model { get; init; }

    /// <summary>A substitute's quality, 0 to 1; of several the best is asked first.</summary>
    /// <value>Null: the pool's.</value>
    public double? Quality { get; init; }

    /// <summary>Whether it is on trial: it gets <see cref="CanaryOptions.Share"/> of the conversations.</summary>
    /// <value>False.</value>
    public bool Canary { get; init; }

    /// <summary>What only the pool's type understands; these count before the pool's own.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>The name and address; not the key.</summary>
    public override string ToString() => $"{Name} ({Endpoint.Scheme}://{Endpoint.Authority})";
}

/// <summary>How much a replica takes at once: section <c>Limits</c> of a pool.</summary>
public sealed record ReplicaLimitOptions
{
    /// <summary>Requests at once on one replica, 1 or more.</summary>
    /// <value>100</value>
    public int Connections { get; init; } = 100;

    /// <summary>Requests that wait for a full pool, for each of its replicas, 0 or more; the next one is refused as <see cref="HybridError.Busy"/>.</summary>
    /// <value>50</value>
    public int Pending { get; init; } = 50;
}

/// <summary>How much goes to replicas on trial, and when the trial ends: section <c>Canary</c> of a pool.</summary>
public sealed record CanaryOptions
{
    /// <summary>Share of the conversations, 0 to 1; a conversation stays where it began. 0.5 and no <see cref="Rollback"/> is an A/B test.</summary>
    /// <value>0.05</value>
    public double Share { get; init; } = 0.05;

    /// <summary>Whether a trial that breaks the limits below ends by itself, until the next start.</summary>
    /// <value>True.</value>
    public bool Rollback { get; init; } = true;

    /// <summary>Requests on each side before they are compared, 1 or more; the last 200 of each count.</summary>
    /// <value>20</value>
    public int MinRequests { get; init; } = 20;

    /// <summary>How much higher its failure rate may be than the others', 0 to 1.</summary>
    /// <value>0.05</value>
    public double MaxExtraFailures { get; init; } = 0.05;

    /// <summary>How many times the others' median time to the first token its own may be, 1 or more.</summary>
    /// <value>2</value>
    public double MaxSlowdown { get; init; } = 2;
}
