using Hybrid.Configuration;

namespace Hybrid.Targets;

/// <summary>Makes pools of one configured type; register one per type as a singleton.</summary>
public interface ITargetFactory
{
    /// <summary>The value of <c>Type</c> under <c>Hybrid:Pools:NAME</c>, in lower case.</summary>
    string Type { get; }

    /// <summary>Whether it makes pools of several replicas, and so reads what stands under <c>Replicas</c>, <c>Limits</c>, <c>Health</c>, <c>Retries</c> and <c>Canary</c>.</summary>
    /// <value>False: such keys are refused at start.</value>
    bool TakesReplicas => false;

    /// <summary>Makes the target; the caller disposes it.</summary>
    /// <remarks>Does no I/O. A setting that cannot be used is a <see cref="HybridException"/> of kind <see cref="HybridError.Configuration"/> with its key path.</remarks>
    ITarget Create(PoolOptions options);
}
