using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Hybrid.Protocol;

namespace Hybrid.CloudConnector.Pools;

/// <summary>One call of gRPC over HTTP/2: a message out, messages in, and the status at the end.</summary>
internal sealed class GrpcCall : IAsyncDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly Stream _body;
    private readonly GrpcMessageReader _reader;

    private GrpcCall(HttpResponseMessage response, Stream body)
    {
        (_response, _body) = (response, body);
        _reader = new(body);
    }

    /// <exception cref="GrpcException">The far side refused the call.</exception>
    public static async Task<GrpcCall> StartAsync(
        HttpClient client, string method, IMessage message, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/hybrid.decode.v1.Decode/" + method)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(GrpcFraming.ToArray(message)),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        if (timeout is { } left)
            request.Headers.Add("grpc-timeout", GrpcTimeout.Format(left));
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        try
        {
            if (response.StatusCode != HttpStatusCode.OK)
                throw new GrpcException(GrpcStatusMapping.FromHttp(response.StatusCode), $"The answer was HTTP {(int)response.StatusCode}.");
            if (response.Content.Headers.ContentType?.MediaType?.StartsWith("application/grpc", StringComparison.Ordinal) != true)
                throw new GrpcException(GrpcStatus.Unknown, $"The answer is {response.Content.Headers.ContentType?.MediaType ?? "of no type"} and not gRPC; is this the gRPC port?");
            // A refused call may carry its status among the headers and no body at all.
            ThrowIfFailed(response.Headers, required: false);
            return new(response, await response.Content.ReadAsStreamAsync(cancellationToken));
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>The next message, or null when the call ended with status OK.</summary>
    /// <exception cref="GrpcException">It ended with another status, or with none.</exception>
    public async ValueTask<T?> ReadAsync<T>(MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        var message = await _reader.ReadAsync(parser, cancellationToken);
        if (message is null)
            ThrowIfFailed(_response.TrailingHeaders, required: !_response.Headers.Contains("grpc-status"));
        return message;
    }

    public async ValueTask DisposeAsync()
    {
        // Disposing an unfinished body resets the stream, which tells the far side to stop decoding.
        await _body.DisposeAsync();
        _response.Dispose();
    }

    private static void ThrowIfFailed(HttpResponseHeaders headers, bool required)
    {
        if (!headers.TryGetValues("grpc-status", out var values))
        {
            if (required)
                throw new GrpcException(GrpcStatus.Unavailable, "The stream ended without a status.");
            return;
        }

        var text = values.First();
        if (text == "0")
            return;
        var status = int.TryParse(text, out var code) && Enum.IsDefined((GrpcStatus)code) ? (GrpcStatus)code : GrpcStatus.Unknown;
        var message = headers.TryGetValues("grpc-message", out var messages) ? GrpcMessageText.Decode(messages.First()) : $"status {text}";
        throw new GrpcException(status, message);
    }
}
