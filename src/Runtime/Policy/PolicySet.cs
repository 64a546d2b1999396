using System.Diagnostics.CodeAnalysis;
using Hybrid.Targets;

namespace Hybrid.Policy;

/// <summary>The policies and defaults in force at one moment: an immutable snapshot, swapped whole.</summary>
internal sealed class PolicySet
{
    private readonly Dictionary<string, RoutingPolicy> _byName;

    public PolicySet(RoutingPolicy standard, PrivacyClass privacy, IEnumerable<RoutingPolicy> named)
    {
        Default = standard;
        Privacy = privacy;
        _byName = PolicyPresets.All.ToDictionary(policy => policy.Name, StringComparer.OrdinalIgnoreCase);
        foreach (var policy in named) _byName[policy.Name] = policy;
        _byName[standard.Name] = standard;
    }

    public RoutingPolicy Default { get; }

    public PrivacyClass Privacy { get; }

    public IEnumerable<RoutingPolicy> All => _byName.Values;

    public IEnumerable<string> Names => _byName.Keys;

    public bool TryFind(string name, [NotNullWhen(true)] out RoutingPolicy? policy) => _byName.TryGetValue(name, out policy);
}
