using Hybrid.Protocol;

namespace Hybrid.CloudConnector.OpenInference;

/// <summary>What the statuses of an inference server mean to a caller.</summary>
internal static class InferenceErrors
{
    /// <remarks>
    /// A model that is not there is the pool's fault and not the request's, so that another pool is tried; so is whatever breaks the
    /// protocol.
    /// </remarks>
    public static HybridError Of(GrpcException fault) => fault switch
    {
        { IsLocal: true } => HybridError.TargetUnavailable,
        { Status: GrpcStatus.NotFound or GrpcStatus.AlreadyExists } => HybridError.TargetUnavailable,
        { Status: GrpcStatus.PermissionDenied } => HybridError.Unauthorized,
        _ => GrpcStatusMapping.ToError(fault.Status),
    };
}
