using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Configuration;

/// <summary>What is allowed and yet may surprise, each with its key path.</summary>
internal static class PolicyRemarks
{
    public static IReadOnlyList<string> Of(HybridOptions options)
    {
        List<string> remarks = [];
        IReadOnlyList<TargetDescriptor> targets =
        [
            .. options.Local is { } local ? [local.Descriptor] : Array.Empty<TargetDescriptor>(),
            .. options.LocalModels.Values.Select(model => model.Descriptor),
            .. options.Pools.Values.Select(pool => pool.Descriptor),
        ];
        var privacy = Walls.Name(options.Privacy);
        if (!targets.Any(target => target.Zone.Admits(options.Privacy)))
            remarks.Add($"{HybridOptions.Section}:{nameof(options.Privacy)}: no target may see {privacy} requests; one that states no class is {privacy} and will be refused");
        foreach (var policy in InUse(options))
        {
            var path = options.Policies.ContainsKey(policy.Name) ? $"{HybridOptions.Section}:{nameof(options.Policies)}:{policy.Name}" : $"{HybridOptions.Section}:{nameof(options.Policy)}";
            if (policy.PriceAlone)
                remarks.Add($"{path}: the weights are all 0, so the price alone decides, and the order of the targets between equals");
            if (!targets.Any(target => Leaves(policy, target)))
                remarks.Add($"{path}: '{policy.Name}' leaves no target at all; every request under it will be refused");
            else if (!targets.Any(target => Leaves(policy, target) && target.Zone.Admits(options.Privacy)))
                remarks.Add($"{path}: '{policy.Name}' leaves no target for {privacy} requests, which those are that state no class");
        }

        return remarks;
    }

    private static IEnumerable<RoutingPolicy> InUse(HybridOptions options) => options.Policies.ContainsKey(options.Policy) || !PolicyPresets.TryGet(options.Policy, out var preset)
        ? options.Policies.Values
        : [preset, .. options.Policies.Values];

    private static bool Leaves(RoutingPolicy policy, TargetDescriptor target) =>
        (!policy.Offline || target.Zone == Zone.Device)
        && (policy.AllowedZones.Count == 0 || policy.AllowedZones.Contains(target.Zone))
        && (policy.AllowedTargets.Count == 0 || policy.AllowedTargets.Contains(target.Name));
}
