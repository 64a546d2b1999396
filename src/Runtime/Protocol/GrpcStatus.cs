namespace Hybrid.Protocol;

/// <summary>The status codes of gRPC, as they stand in <c>grpc-status</c>.</summary>
internal enum GrpcStatus
{
    Ok = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

/// <summary>A call that ends with a status other than OK; each side turns it into its own kind of error.</summary>
internal sealed class GrpcException(GrpcStatus status, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    public GrpcStatus Status { get; } = status;

    /// <summary>Whether this side found the fault, in what came or did not come; else the far side's status says so.</summary>
    public bool IsLocal { get; init; }

    /// <summary>How long the far side asked to be left alone; null: it did not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
