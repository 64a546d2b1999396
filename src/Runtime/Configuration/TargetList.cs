using Hybrid.Targets;

namespace Hybrid.Configuration;

/// <summary>Makes the configured targets: the device first, then the pools in their order.</summary>
internal static class TargetList
{
    /// <summary>Reports every configured target that nobody can make, and that there is none where code adds none either.</summary>
    public static void Check(HybridOptions options, IReadOnlyList<ITargetFactory> factories, bool hasAdded = false)
    {
        List<string> errors = [.. options.Errors];
        foreach (var (name, pool) in options.Pools)
        {
            if (Find(factories, pool) is { } found)
            {
                if (!found.TakesReplicas && pool.Replicas.Count > 0)
                    errors.Add($"{HybridOptions.Section}:{nameof(options.Pools)}:{name}:{nameof(pool.Replicas)}: pools of type '{pool.Type}' have one {nameof(pool.Endpoint)}; give that");
                continue;
            }

            var types = factories.Count == 0
                ? "no pool types are registered; call services.AddCloudConnector()"
                : $"use {string.Join(", ", factories.Select(factory => factory.Type))}";
            errors.Add($"{HybridOptions.Section}:{nameof(options.Pools)}:{name}:{nameof(pool.Type)}: there is no pool type '{pool.Type}'; {types}");
        }

        if (options.Local is null && options.LocalModels.Count == 0 && options.Pools.Count == 0 && errors.Count == 0 && !hasAdded)
            errors.Add($"{HybridOptions.Section}: there is no target; configure {nameof(options.Local)}, {nameof(options.Pools)} or both");
        ModelsReader.CheckFiles(options.Models, errors);
        FigureRules.ThrowIfAny(errors);
    }

    /// <param name="options">What is configured.</param>
    /// <param name="factories">Those of pools.</param>
    /// <param name="local">That of this device.</param>
    public static IReadOnlyList<ITarget> Make(HybridOptions options, IReadOnlyList<ITargetFactory> factories, LocalModels local) =>
        [.. local.Targets, .. options.Pools.Values.Select(pool => Find(factories, pool)!.Create(pool))];

    private static ITargetFactory? Find(IReadOnlyList<ITargetFactory> factories, PoolOptions pool) =>
        factories.FirstOrDefault(factory => string.Equals(factory.Type, pool.Type, StringComparison.OrdinalIgnoreCase));
}
