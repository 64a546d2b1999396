using Hybrid.Configuration;

namespace Hybrid.Targets;

/// <summary>Loads the engine on this device.</summary>
public interface ILocalTargetFactory
{
    /// <summary>Loads the model file; the caller disposes the target.</summary>
    ValueTask<ITarget> LoadAsync(LocalOptions options, CancellationToken cancellationToken = default);
}
