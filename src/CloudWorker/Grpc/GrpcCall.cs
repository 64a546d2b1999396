using Google.Protobuf;
using Hybrid.Protocol;
using Microsoft.AspNetCore.Http.Features;

namespace Hybrid.CloudWorker.Grpc;

/// <summary>One call of gRPC over Kestrel's HTTP/2: its request, its messages, its status.</summary>
internal sealed class GrpcCall(HttpContext context, int messageLimit)
{
    private const string ContentType = "application/grpc";

    public CancellationToken Aborted => context.RequestAborted;

    /// <summary>Time the caller gives by <c>grpc-timeout</c>; null: no limit.</summary>
    public TimeSpan? Timeout { get; private set; }

    public static bool IsGrpc(HttpContext context)
    {
        var type = context.Request.ContentType;
        return type is not null && type.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
            && (type.Length == ContentType.Length || type[ContentType.Length] is '+' or ';');
    }

    /// <summary>Ends a call that has no message with a status in the headers ("trailers-only").</summary>
    public static void Refuse(HttpContext context, GrpcStatus status, string message)
    {
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = ContentType;
        context.Response.Headers["grpc-status"] = ((int)status).ToString();
        context.Response.Headers["grpc-message"] = GrpcMessageText.Encode(message);
    }

    /// <summary>Reads the headers and the one message of the request.</summary>
    public async Task<T> ReadAsync<T>(MessageParser<T> parser)
        where T : class, IMessage<T>
    {
        // The framing has its own limit; Kestrel's would break the connection without a status.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        ReadHeaders();
        var reader = new GrpcMessageReader(context.Request.Body, messageLimit);
        var message = await reader.ReadAsync(parser, Aborted)
            ?? throw new GrpcException(GrpcStatus.InvalidArgument, "The call has no message.");
        if (await reader.ReadAsync(parser, Aborted) is not null)
            throw new GrpcException(GrpcStatus.Unimplemented, "The call has more than one message; this method takes one.");
        return message;
    }

    /// <summary>Sends one message at once; the headers go with the first.</summary>
    public async Task WriteAsync(IMessage message)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.ContentType = ContentType;
            context.Response.Headers["grpc-accept-encoding"] = "identity";
        }

        GrpcFraming.Write(context.Response.BodyWriter, message);
        await context.Response.BodyWriter.FlushAsync(Aborted);
    }

    /// <summary>Ends the call with its status.</summary>
    public void Finish(GrpcStatus status, string message)
    {
        if (!context.Response.HasStarted)
        {
            Refuse(context, status, message);
            return;
        }

        context.Response.AppendTrailer("grpc-status", ((int)status).ToString());
        if (message.Length > 0)
            context.Response.AppendTrailer("grpc-message", GrpcMessageText.Encode(message));
    }

    private void ReadHeaders()
    {
        var encoding = context.Request.Headers["grpc-encoding"].ToString();
        if (encoding.Length > 0 && encoding != "identity")
        {
            context.Response.Headers["grpc-accept-encoding"] = "identity";
            throw new GrpcException(GrpcStatus.Unimplemented, $"grpc-encoding '{encoding}' is not understood; send identity.");
        }

        var timeout = context.Request.Headers["grpc-timeout"].ToString();
        if (timeout.Length == 0)
            return;
        if (!GrpcTimeout.TryParse(timeout, out var parsed))
            throw new GrpcException(GrpcStatus.InvalidArgument, $"grpc-timeout '{timeout}' is not up to eight digits and one of H, M, S, m, u, n.");
        Timeout = parsed;
    }
}
