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

    /// <summary>Where the pool answers.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The key it asks for; never logged.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Whether it is woken before it is needed, where that pays; it then says <see cref="TargetDescriptor.StaysWarm"/>.</summary>
    public bool PreWarm { get; init; }

    /// <summary>What only this type understands: the keys under <c>Settings</c>; the factory checks them.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>The name, type and endpoint; not the key.</summary>
    public override string ToString() => $"{Descriptor.Name} ({Type}, {Endpoint})";
}
