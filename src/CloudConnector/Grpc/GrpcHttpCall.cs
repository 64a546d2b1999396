using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Hybrid.Protocol;

namespace Hybrid.CloudConnector.Grpc;

/// <summary>A call over the HTTP/2 client in the box.</summary>
internal sealed class GrpcHttpCall : GrpcCall
{
    private readonly HttpResponseMessage _response;
    private readonly Stream _body;
    private readonly GrpcMessageReader _reader;

    private GrpcHttpCall(HttpResponseMessage response, Stream body, int messageLimit)
    {
        (_response, _body) = (response, body);
        _reader = new(body, messageLimit);
    }

    /// <summary>Sends the request and waits for the headers of the answer.</summary>
    /// <exception cref="GrpcException">The far side refused the call.</exception>
    public static async Task<GrpcCall> StartAsync(HttpClient client, GrpcRequest request, CancellationToken cancellationToken)
    {
        using var message = request.ToHttp();
        var response = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        try
        {
            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw new GrpcException(GrpcStatusMapping.FromHttp(response.StatusCode), $"The answer was HTTP {(int)response.StatusCode}.")
                {
                    RetryAfter = response.Headers.RetryAfter?.Delta is { Ticks: > 0 } wait ? wait : null,
                };
            }

            if (response.Content.Headers.ContentType?.MediaType?.StartsWith("application/grpc", StringComparison.Ordinal) != true)
                throw new GrpcException(GrpcStatus.Unknown, $"The answer is {response.Content.Headers.ContentType?.MediaType ?? "of no type"} and not gRPC; is this the gRPC port?");
            // A refused call may carry its status among the headers and no body at all.
            ThrowIfFailed(response.Headers, required: false);
            return new GrpcHttpCall(response, await response.Content.ReadAsStreamAsync(cancellationToken), request.MessageLimit);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <inheritdoc />
    public override async ValueTask<T?> ReadAsync<T>(MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class
    {
        var message = await _reader.ReadAsync(parser, cancellationToken);
        if (message is null)
            ThrowIfFailed(_response.TrailingHeaders, required: !_response.Headers.Contains("grpc-status"));
        return message;
    }

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
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
                throw new GrpcException(GrpcStatus.Unavailable, "The stream ended without a status.") { IsLocal = true };
            return;
        }

        var text = values.First();
        if (text == "0")
            return;
        var status = int.TryParse(text, out var code) && Enum.IsDefined((GrpcStatus)code) ? (GrpcStatus)code : GrpcStatus.Unknown;
        var message = headers.TryGetValues("grpc-message", out var messages) ? GrpcMessageText.Decode(messages.First()) : $"status {text}";
        throw new GrpcException(status, message) { RetryAfter = headers.TryGetValues("grpc-retry-pushback-ms", out var waits) ? Pushback(waits.First()) : null };
    }
}
