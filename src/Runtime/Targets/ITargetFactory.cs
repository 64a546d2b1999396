using Hybrid.Configuration;

namespace Hybrid.Targets;

/// <summary>Makes pools of one configured type; register one per type as a singleton.</summary>
public interface ITargetFactory
{
    /// <summary>The value of <c>Type</c> under <c>Hybrid:Pools:NAME</c>, in lower case.</summary>
    string Type { get; }

    /// <summary>Makes the target; the caller disposes it.</summary>
    /// <remarks>Does no I/O. A setting that cannot be used is a <see cref="HybridException"/> of kind <see cref="HybridError.Configuration"/> with its key path.</remarks>
    ITarget Create(PoolOptions options);
}
