using System.Net.Http;
using System.Net.Sockets;
using Hybrid.CloudConnector.Pools;

namespace Hybrid.CloudConnector.OpenAi;

/// <content>What went wrong, in the SDK's words.</content>
public sealed partial class OpenAiTarget
{
    /// <summary>What is thrown in place of a fault of a call; the caller's own cancelling stays that.</summary>
    private Exception Told(Exception exception, StreamWait wait, CancellationToken caller)
    {
        if (exception is HybridException)
            return exception;
        if (caller.IsCancellationRequested)
            return exception as OperationCanceledException ?? new OperationCanceledException(caller);
        if (_whenDisposed.IsCancellationRequested)
            return Unavailable("it was disposed");
        if (wait.DeadlinePassed)
            return new HybridException(HybridError.DeadlineExceeded, $"The deadline passed while pool '{Descriptor.Name}' answered. What was delivered stands.");
        return exception switch
        {
            PoolFault fault => Told(fault),
            OperationCanceledException => Unavailable(wait.Missed(exception), exception),
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } refused =>
                Unavailable($"its certificate or TLS was not accepted ({(refused.InnerException ?? refused).Message.TrimEnd('.')})", exception),
            HttpRequestException or IOException or SocketException or ObjectDisposedException => Unavailable(exception.Message, exception),
            _ => new HybridException(HybridError.Internal, $"Pool '{Descriptor.Name}': reading its answer failed unforeseen ({exception.GetType().Name}). What was delivered stands.", exception),
        };
    }

    private HybridException Told(PoolFault fault)
    {
        if (fault.RetryAfter is { } pause)
            _state.LeaveAlone(pause, fault.Message);
        else if (fault.Error == HybridError.TargetUnavailable)
            _state.Failed(fault.Message);
        return Error(fault.Error, fault.Message, fault.RetryAfter);
    }

    private HybridException Unavailable(string reason, Exception? inner = null)
    {
        _state.Failed(reason);
        return Error(HybridError.TargetUnavailable, reason, null, inner);
    }

    private HybridException Error(HybridError kind, string reason, TimeSpan? retryAfter, Exception? inner = null) =>
        new(kind, $"Pool '{Descriptor.Name}' at {_connection.Address.Authority} failed: {reason.TrimEnd('.')}. What was delivered stands.", inner) { RetryAfter = retryAfter };
}
