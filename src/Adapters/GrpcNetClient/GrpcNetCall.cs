using Google.Protobuf;
using Grpc.Core;
using Hybrid.CloudConnector.Grpc;
using Hybrid.Protocol;

namespace Hybrid.Adapters.GrpcNetClient;

/// <summary>A call over Grpc.Net.Client, with its faults as the connector knows them.</summary>
internal sealed class GrpcNetCall : GrpcCall
{
    private readonly OpenCall _call;
    private readonly int _messageLimit;
    private readonly CancellationTokenSource _left;

    private GrpcNetCall(OpenCall call, int messageLimit, CancellationTokenSource left) => (_call, _messageLimit, _left) = (call, messageLimit, left);

    /// <summary>Sends the request and waits for the headers of the answer.</summary>
    /// <exception cref="GrpcException">The far side refused the call.</exception>
    /// <exception cref="IOException">It was not reached, or the connection broke.</exception>
    public static async Task<GrpcCall> StartAsync(GrpcRequest request, Func<CallOptions, OpenCall> open, CallOptions options, CancellationToken cancellationToken)
    {
        // A call lives as long as what started it: until it is left, or a token given here or to a read is cancelled.
        var left = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        GrpcNetCall? call = null;
        try
        {
            call = new(open(options.WithCancellationToken(left.Token)), request.MessageLimit, left);
            if (request.Outgoing is { } outgoing)
                _ = call.SendAsync(outgoing);
            await call._call.Headers.WaitAsync(cancellationToken);
            return call;
        }
        catch (Exception failure)
        {
            if (call is not null) await call.DisposeAsync();
            else left.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw Fault(failure) ?? failure;
        }
    }

    /// <inheritdoc />
    public override async ValueTask<T?> ReadAsync<T>(MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            if (!await _call.Answers.MoveNext(cancellationToken))
                return null;
        }
        catch (Exception failure)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Fault(failure) ?? failure;
        }

        var bytes = _call.Answers.Current;
        if (bytes.Length > _messageLimit)
            throw new GrpcException(GrpcStatus.ResourceExhausted, $"A message has {bytes.Length} bytes, over the limit of {_messageLimit}.") { IsLocal = true };
        try
        {
            return parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw new GrpcException(GrpcStatus.Internal, "A message cannot be read as what it should be.", exception) { IsLocal = true };
        }
    }

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        await _left.CancelAsync();
        _call.Leave();
        _left.Dispose();
    }

    // Its faults are those of the call: whoever reads is told.
    private async Task SendAsync(GrpcOutgoing outgoing)
    {
        try
        {
            await foreach (var message in outgoing.ReadAllAsync(_left.Token))
                await _call.Outgoing!.WriteAsync(message);
            await _call.Outgoing!.CompleteAsync();
        }
        catch (Exception fault) when (fault is RpcException or InvalidOperationException or OperationCanceledException or ObjectDisposedException or IOException or HttpRequestException)
        {
            // The call is over.
        }
    }

    // Null: not one of Grpc.Net.Client's.
    private static Exception? Fault(Exception failure)
    {
        if (failure is not RpcException { Status: var status } rpc)
            return null;
        if (status.DebugException is HttpRequestException or IOException or System.Net.Sockets.SocketException)
            return new IOException(Words(status.DebugException), rpc);

        // Grpc.Net.Client calls a stream that ends without a status cancelled, with these words.
        var code = status is { StatusCode: StatusCode.Cancelled, Detail: "No grpc-status found on response." } ? GrpcStatus.Unavailable : (GrpcStatus)status.StatusCode;
        return new GrpcException(Enum.IsDefined(code) ? code : GrpcStatus.Unknown, status.Detail, rpc)
        {
            RetryAfter = Pushback(rpc.Trailers.GetValue("grpc-retry-pushback-ms")),
        };
    }

    private static string Words(Exception failure) => failure.InnerException is { } inner ? $"{failure.Message.TrimEnd('.')}: {inner.Message}" : failure.Message;
}
