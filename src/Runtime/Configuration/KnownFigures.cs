using Hybrid.Models.Catalogue;
using Hybrid.Targets;

namespace Hybrid.Configuration;

/// <summary>Fills in what targets do not state and the catalogue knows of their model: size and measured accuracy.</summary>
internal static class KnownFigures
{
    public static void Fill(HybridOptions options, KnownModels models)
    {
        if (options.Local is { } local) options.Local = local with { Descriptor = Of(local.Descriptor, models) };
        foreach (var (name, model) in options.LocalModels.ToArray()) options.LocalModels[name] = model with { Descriptor = Of(model.Descriptor, models) };
        foreach (var (name, pool) in options.Pools.ToArray()) options.Pools[name] = pool with { Descriptor = Of(pool.Descriptor, models) };
    }

    /// <summary>What is stated counts; a stated size without a quality is somebody's own estimate, and stays one.</summary>
    public static TargetDescriptor Of(TargetDescriptor target, KnownModels models)
    {
        if (target.Quality is not null || target.ParametersBillions > 0 || models.Find(target.Model) is not { } known) return target;
        return target with { Quality = known.MeasuredAccuracy, ParametersBillions = known.ParametersBillions ?? 0 };
    }
}
