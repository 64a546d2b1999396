using Hybrid.CloudConnector.Grpc;

namespace Hybrid.CloudConnector.Pools;

/// <summary>Where a worker is and how long to wait for it.</summary>
public sealed record WorkerTargetOptions : GrpcTargetOptions
{
    /// <summary>Which of the worker's models answers.</summary>
    /// <value>Null: its default.</value>
    public string? ModelId { get; init; }
}
