using System.Net.Http;
using System.Net.Sockets;

namespace Hybrid.Network;

/// <summary>Which faults speak of a connection and not of whoever is at its other end.</summary>
internal static class BrokenConnection
{
    /// <summary>Whether the connection could not be made, took too long to be made, or broke; an answer, however bad, is none of these.</summary>
    public static bool Is(Exception? fault)
    {
        for (; fault is not null; fault = fault.InnerException)
        {
            switch (fault)
            {
                case HttpProtocolException: // the other end reset it
                    return false;
                case SocketException or TimeoutException:
                case HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError }:
                case HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded }:
                    return true;
            }
        }

        return false;
    }
}
