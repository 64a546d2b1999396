using Hybrid.Targets;

namespace Hybrid.Configuration;

/// <summary>One pool: section <c>Hybrid:Pools:NAME</c>.</summary>
public sealed record PoolOptions
{
    /// <summary>Which factory makes it.</summary>
    /// <value><c>worker</c></value>
    public string Type { get; init; } = "worker";

    /// <summary>Name (the section's), model, zone, prices, power and rates. Keys stand beside <c>Type</c>.</summary>
    public required TargetDescriptor Descriptor { get; init; }

    /// <summary>Where the pool answers; with <see cref="Replicas"/> one more of them, named for its address.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>Where else the pool answers, by name; each replica carries the same model or says which one.</summary>
    public IReadOnlyList<ReplicaOptions> Replicas { get; init; } = [];

    /// <summary>How much each replica takes at once.</summary>
    public ReplicaLimitOptions Limits { get; init; } = new();

    /// <summary>When a replica is left out, and for how long.</summary>
    public ReplicaHealthOptions Health { get; init; } = new();

    /// <summary>When another replica is asked.</summary>
    public RetryOptions Retries { get; init; } = new();

    /// <summary>How much goes to replicas on trial.</summary>
    public CanaryOptions Canary { get; init; } = new();

    /// <summary>The key it asks for, where a replica states none of its own; never logged.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Whether it is woken before it is needed, where that pays; it then says <see cref="TargetDescriptor.StaysWarm"/>.</summary>
    public bool PreWarm { get; init; }

    /// <summary>The folder where processes write how the pool is and read what is drained: key <c>Hybrid:PoolBoardPath</c>, the same for all pools.</summary>
    /// <value>Null: none.</value>
    public string? BoardPath { get; init; }

    /// <summary>What only this type understands: the keys under <c>Settings</c>; the factory checks them.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>The name, type and endpoint; not the key.</summary>
    public override string ToString() => $"{Descriptor.Name} ({Type}, {(Endpoint is null ? string.Join(", ", Replicas) : $"{Endpoint.Scheme}://{Endpoint.Authority}")})";
}
