using Hybrid.Configuration;

namespace Hybrid.Targets;

/// <summary>Loads the engine on this device.</summary>
public interface ILocalTargetFactory
{
    /// <summary>Loads the model file; the caller disposes the target.</summary>
    ValueTask<ITarget> LoadAsync(LocalOptions options, CancellationToken cancellationToken = default);

    /// <summary>How many bytes of memory the model will take; asked before a load where there is a budget.</summary>
    /// <returns>0, which counts as nothing, where a factory does not say.</returns>
    ValueTask<long> EstimateAsync(LocalOptions options, CancellationToken cancellationToken = default) => new(0);
}
