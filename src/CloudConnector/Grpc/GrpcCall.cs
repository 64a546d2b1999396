using System.Globalization;
using Google.Protobuf;
using Hybrid.Protocol;

namespace Hybrid.CloudConnector.Grpc;

/// <summary>Sends a request and waits for the headers of the answer.</summary>
/// <exception cref="GrpcException">The far side refused the call.</exception>
/// <exception cref="IOException">The far side was not reached, or the connection broke; or an <see cref="HttpRequestException"/>.</exception>
internal delegate Task<GrpcCall> GrpcStarter(GrpcRequest request, CancellationToken cancellationToken);

/// <summary>One call of gRPC: messages out, messages in, and the status at the end.</summary>
internal abstract class GrpcCall : IAsyncDisposable
{
    /// <summary>The next message, or null when the call ended with status OK.</summary>
    /// <exception cref="GrpcException">It ended with another status, or with none.</exception>
    public abstract ValueTask<T?> ReadAsync<T>(MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class, IMessage<T>;

    /// <summary>Leaves the call; one that is not at its end is cancelled at the far side.</summary>
    public abstract ValueTask DisposeAsync();

    /// <summary>How long a server wants a caller to wait before it tries again, from <c>grpc-retry-pushback-ms</c>; null where it does not say, or says never.</summary>
    protected static TimeSpan? Pushback(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds > 0
            ? TimeSpan.FromMilliseconds(milliseconds)
            : null;
}
