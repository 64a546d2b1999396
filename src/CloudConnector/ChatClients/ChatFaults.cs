using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Hybrid.CloudConnector.ChatClients;

/// <summary>What a chat client's exceptions mean. Their words are not repeated, for they may hold a prompt or a key.</summary>
internal static class ChatFaults
{
    /// <param name="fault">What the client threw; kept as the inner exception.</param>
    /// <param name="target">Whose client it is.</param>
    /// <param name="translate">The app's own knowledge of its client's exceptions.</param>
    public static HybridException Of(Exception fault, string target, Func<Exception, HybridException?>? translate)
    {
        if ((fault as HybridException ?? translate?.Invoke(fault)) is { } known)
            return known;
        var (error, what) = Kind(fault);
        return new(error, $"Target '{target}' failed: {what}. What was delivered stands.", fault);
    }

    private static (HybridError Error, string What) Kind(Exception fault)
    {
        for (var inner = fault; inner is not null; inner = inner.InnerException)
        {
            switch (inner)
            {
                case HttpRequestException { StatusCode: { } status }:
                    return (OfStatus(status), $"HTTP {(int)status}");
                case OperationCanceledException or TimeoutException:
                    return (HybridError.TargetUnavailable, "its client gave up waiting");
                case HttpRequestException or IOException or SocketException or AuthenticationException or ObjectDisposedException:
                    return (HybridError.TargetUnavailable, $"the connection failed ({inner.GetType().Name})");
            }
        }

        return (HybridError.Internal, fault.GetType().Name);
    }

    private static HybridError OfStatus(HttpStatusCode status) => (int)status switch
    {
        401 or 403 => HybridError.Unauthorized,
        429 => HybridError.Busy,
        400 or 413 or 422 => HybridError.InvalidRequest,
        _ => HybridError.TargetUnavailable,
    };
}
