using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>One answer on the wire: its events one by one.</summary>
internal sealed class AnswerStream : IAsyncDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly Stream _body;
    private readonly IAsyncEnumerator<SseItem<StreamChunk>> _events;

    private AnswerStream(HttpResponseMessage response, Stream body, CancellationToken cancellationToken)
    {
        (_response, _body) = (response, body);
        _events = ChunkJson.Events(body).EnumerateAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
    }

    /// <summary>What came last.</summary>
    public StreamChunk Chunk => _events.Current.Data;

    /// <exception cref="PoolFault">The server refused, or answered with something else than a stream.</exception>
    public static async Task<AnswerStream> StartAsync(
        PoolConnection connection, Uri address, byte[] body, Action<HttpRequestHeaders> headers, DecodeRequest request, TimeProvider time, CancellationToken cancellationToken)
    {
        var response = await connection.SendAsync(address, body, headers, cancellationToken);
        try
        {
            await ThrowIfRefusedAsync(response, connection, request, time, cancellationToken);
            return new(response, await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>Reads the next event; false at the end of the body.</summary>
    public ValueTask<bool> MoveNextAsync() => _events.MoveNextAsync();

    public async ValueTask DisposeAsync()
    {
        await _events.DisposeAsync();
        // Disposing an unfinished body closes the connection, which tells the far side to stop decoding.
        await _body.DisposeAsync();
        _response.Dispose();
    }

    private static async Task ThrowIfRefusedAsync(HttpResponseMessage response, PoolConnection connection, DecodeRequest request, TimeProvider time, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        if (status is >= 300 and < 400)
            throw new PoolFault($"it answered with a redirect (HTTP {status}), which is not followed; give the address it leads to, if you trust it");
        if (response.StatusCode != HttpStatusCode.OK)
        {
            var error = ServerError.Read(await PoolConnection.ReadAsync(response, cancellationToken));
            var kind = ErrorKinds.Of(status, error);
            // Servers repeat parts of a wrong key.
            var words = kind == HybridError.Unauthorized ? "" : ServerWords.Of(error, request, connection.LatestKey);
            throw new PoolFault(kind, $"it answered HTTP {status}{(words.Length == 0 ? "" : ": " + words)}", status is 429 or >= 500 ? RetryHints.Read(response.Headers, time.GetUtcNow()) : null);
        }

        var type = response.Content.Headers.ContentType?.MediaType;
        if (!"text/event-stream".Equals(type, StringComparison.OrdinalIgnoreCase))
            throw new PoolFault($"it answered with {Named(type)} and not with a stream of events; is this its OpenAI address?");
        if (response.Content.Headers.ContentEncoding.Count > 0)
            throw new PoolFault("it compressed its answer, which was not asked for");
    }

    private static string Named(string? type) =>
        type is { Length: > 0 and <= 64 } && type.All(character => char.IsAsciiLetterOrDigit(character) || character is '/' or '-' or '+' or '.') ? type : "no known content type";
}
