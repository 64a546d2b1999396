using Hybrid.Engines.Residency;
using Hybrid.Targets;
using Microsoft.Extensions.Logging;

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
        FigureRules.ThrowIfAny(errors);
    }

    public static IReadOnlyList<ITarget> Make(HybridOptions options, IReadOnlyList<ITargetFactory> factories, ILocalTargetFactory local, TimeProvider time, ILogger logger, bool hasAdded = false)
    {
        Check(options, factories, hasAdded);
        List<ITarget> targets = [];
        var resident = new ResidentModels(options.MemoryBudget, time, logger: logger);
        if (options.Local is { } engine) targets.Add(resident.Add(Resident(engine, local)));
        foreach (var model in options.LocalModels.Values) targets.Add(resident.Add(Resident(model, local)));
        foreach (var pool in options.Pools.Values) targets.Add(Find(factories, pool)!.Create(pool));
        return targets;
    }

    private static ResidentModel Resident(LocalOptions options, ILocalTargetFactory local) => new()
    {
        Descriptor = options.Descriptor,
        KeepAlive = options.KeepAlive,
        EstimateAsync = token => local.EstimateAsync(options, token),
        LoadAsync = token => local.LoadAsync(options, token),
    };

    private static ITargetFactory? Find(IReadOnlyList<ITargetFactory> factories, PoolOptions pool) =>
        factories.FirstOrDefault(factory => string.Equals(factory.Type, pool.Type, StringComparison.OrdinalIgnoreCase));
}
