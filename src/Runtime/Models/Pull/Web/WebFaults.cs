using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Hybrid.Models.Pull.Web;

/// <summary>What broken connections and refusals mean for a pull.</summary>
internal static class WebFaults
{
    /// <summary>A connection that broke or never was.</summary>
    public static Exception Of(Exception failure)
    {
        for (var inner = failure; inner is not null; inner = inner.InnerException)
        {
            if (inner is AuthenticationException)
                return new HybridException(HybridError.TargetUnavailable, $"The server's certificate was not accepted: {inner.Message} What had arrived is kept. Check the address, the clock and the certificates of this machine.", failure);
            if (inner is SocketException socket)
                return new PullFault(PullRemedy.Again, Words(socket), failure);
        }

        return new PullFault(PullRemedy.Again, failure is HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } or HttpIOException or IOException
            ? "the connection ended early"
            : "the connection failed", failure);
    }

    /// <summary>A status that may be another one the next time; null: it will not.</summary>
    public static PullFault? Passing(HttpResponseMessage response, TimeProvider time)
    {
        var status = (int)response.StatusCode;
        if (status is not (408 or 425 or 429 or (>= 500 and not 501 and not 505 and not 511)))
            return null;
        return new PullFault(PullRemedy.Again, $"it answered {Words(response.StatusCode)}")
        {
            RetryAfter = RetryAfter(response, time),
            Busy = status is 429 or 503,
        };
    }

    public static string Words(HttpStatusCode status) => string.Create(CultureInfo.InvariantCulture, $"HTTP {(int)status}{(Enum.IsDefined(status) ? $" ({status})" : "")}");

    private static TimeSpan? RetryAfter(HttpResponseMessage response, TimeProvider time)
    {
        var after = response.Headers.RetryAfter is { } header ? header.Delta ?? header.Date - time.GetUtcNow() : null;
        return after > TimeSpan.Zero ? after : null;
    }

    private static string Words(SocketException socket) => socket.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "the connection was refused",
        SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData => "its name is not known here; is there a network?",
        SocketError.ConnectionReset or SocketError.ConnectionAborted => "the connection was reset",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.NetworkDown => "there is no way to it; is there a network?",
        SocketError.TimedOut => "no connection came about in time",
        var other => $"the connection failed ({other})",
    };
}
