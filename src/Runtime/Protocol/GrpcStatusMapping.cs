using System.Net;

namespace Hybrid.Protocol;

/// <summary>The one table between gRPC's statuses and the errors of the SDK.</summary>
internal static class GrpcStatusMapping
{
    // Faults of the far side's own installation (file, library, configuration) come back as "unavailable": the caller
    // can do nothing about them but go elsewhere.
    private static readonly (HybridError Error, GrpcStatus Status)[] Table =
    [
        (HybridError.Internal, GrpcStatus.Internal),
        (HybridError.InvalidRequest, GrpcStatus.InvalidArgument),
        (HybridError.ContextExceeded, GrpcStatus.OutOfRange),
        (HybridError.NoTargetAllowed, GrpcStatus.PermissionDenied),
        (HybridError.TargetUnavailable, GrpcStatus.Unavailable),
        (HybridError.Busy, GrpcStatus.ResourceExhausted),
        (HybridError.BudgetExceeded, GrpcStatus.ResourceExhausted),
        (HybridError.DeadlineExceeded, GrpcStatus.DeadlineExceeded),
        (HybridError.Unauthorized, GrpcStatus.Unauthenticated),
        (HybridError.TargetUnavailable, GrpcStatus.FailedPrecondition),
        (HybridError.Configuration, GrpcStatus.FailedPrecondition),
        (HybridError.ModelFile, GrpcStatus.FailedPrecondition),
        (HybridError.NativeLibrary, GrpcStatus.FailedPrecondition),
        (HybridError.Bus, GrpcStatus.FailedPrecondition),
        (HybridError.Internal, GrpcStatus.Unknown),
        (HybridError.InvalidRequest, GrpcStatus.NotFound),
        (HybridError.InvalidRequest, GrpcStatus.AlreadyExists),
        (HybridError.TargetUnavailable, GrpcStatus.Cancelled),
        (HybridError.TargetUnavailable, GrpcStatus.Aborted),
        (HybridError.TargetUnavailable, GrpcStatus.Unimplemented),
        (HybridError.Storage, GrpcStatus.DataLoss),
    ];

    /// <summary>The status that tells a caller of this error.</summary>
    public static GrpcStatus ToStatus(HybridError error)
    {
        foreach (var row in Table)
        {
            if (row.Error == error)
                return row.Status;
        }

        return GrpcStatus.Unknown;
    }

    /// <summary>The error that a status other than OK means to the caller.</summary>
    public static HybridError ToError(GrpcStatus status)
    {
        foreach (var row in Table)
        {
            if (row.Status == status)
                return row.Error;
        }

        return HybridError.Internal;
    }

    /// <summary>The status for an answer of HTTP that carries no <c>grpc-status</c> (gRPC's "http-grpc-status-mapping").</summary>
    public static GrpcStatus FromHttp(HttpStatusCode code) => code switch
    {
        HttpStatusCode.BadRequest => GrpcStatus.Internal,
        HttpStatusCode.Unauthorized => GrpcStatus.Unauthenticated,
        HttpStatusCode.Forbidden => GrpcStatus.PermissionDenied,
        HttpStatusCode.NotFound => GrpcStatus.Unimplemented,
        HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable
            or HttpStatusCode.GatewayTimeout => GrpcStatus.Unavailable,
        _ => GrpcStatus.Unknown,
    };
}
