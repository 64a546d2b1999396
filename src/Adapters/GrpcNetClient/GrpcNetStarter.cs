using Google.Protobuf;
using Grpc.Core;
using Hybrid.CloudConnector.Grpc;

namespace Hybrid.Adapters.GrpcNetClient;

/// <summary>Starts calls through an invoker.</summary>
internal sealed class GrpcNetStarter(CallInvoker calls, string? apiKey)
{
    private static readonly Marshaller<IMessage> Requests = Marshallers.Create<IMessage>(
        static message => message.ToByteArray(), static _ => throw new NotSupportedException("A client reads no requests."));

    // The bytes are read as a message by whoever asked, who knows which one it is.
    private static readonly Marshaller<byte[]> Answers = Marshallers.Create(static bytes => bytes, static bytes => bytes);

    /// <exception cref="Hybrid.Protocol.GrpcException">The far side refused the call.</exception>
    public Task<GrpcCall> StartAsync(GrpcRequest request, CancellationToken cancellationToken)
    {
        var headers = new Metadata();
        if (apiKey is not null)
            headers.Add("authorization", $"Bearer {apiKey}");
        foreach (var (name, value) in request.Metadata)
            headers.Add(name, value);
        DateTime? deadline = request.Timeout is { } left ? Deadline(left) : null;
        return GrpcNetCall.StartAsync(request, options => Open(request, options), new(headers, deadline), cancellationToken);
    }

    private static DateTime Deadline(TimeSpan left)
    {
        var now = TimeProvider.System.GetUtcNow().UtcDateTime; // Grpc.Net.Client takes a time of day, and has this clock
        return left < DateTime.MaxValue - now ? now + left : DateTime.MaxValue;
    }

    private OpenCall Open(GrpcRequest request, CallOptions options)
    {
        if (request.Outgoing is null)
        {
            var one = calls.AsyncServerStreamingCall(Method(MethodType.ServerStreaming, request), host: null, options, request.Message!);
            return new(one.ResponseHeadersAsync, one.ResponseStream, null, one.Dispose);
        }

        var many = calls.AsyncDuplexStreamingCall(Method(MethodType.DuplexStreaming, request), host: null, options);
        return new(many.ResponseHeadersAsync, many.ResponseStream, many.RequestStream, many.Dispose);
    }

    private static Method<IMessage, byte[]> Method(MethodType type, GrpcRequest request) => new(type, request.Service, request.Method, Requests, Answers);
}

/// <summary>A call of Grpc.Net.Client's, whichever kind it is.</summary>
/// <param name="Headers">The answer's headers, when they are there.</param>
/// <param name="Answers">What comes.</param>
/// <param name="Outgoing">What goes, where more than one message does.</param>
/// <param name="Leave">Ends the call.</param>
internal sealed record OpenCall(Task<Metadata> Headers, IAsyncStreamReader<byte[]> Answers, IClientStreamWriter<IMessage>? Outgoing, Action Leave);
