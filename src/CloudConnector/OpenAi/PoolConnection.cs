using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>HTTP to one pool: its key and headers on every call, no redirects, bodies read within bounds.</summary>
internal sealed class PoolConnection : IDisposable
{
    private const int LongestBody = 64 * 1024;
    private const int MostKept = 4;
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private static readonly MediaTypeWithQualityHeaderValue Events = new("text/event-stream");
    private readonly OpenAiTargetOptions _options;
    private readonly PoolLine _line = new();
    private readonly HttpClient _client;
    private readonly string? _key;
    private int _connections;

    public PoolConnection(OpenAiTargetOptions options)
    {
        _options = options;
        _key = OptionRules.Key(options);
        Address = new(options.Endpoint);
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            EnableMultipleHttp2Connections = true,
            AllowAutoRedirect = false, // A redirect could lead out of the zone that the policy chose, and take the key along.
            UseCookies = false,
            UseProxy = false,
            PlaintextStreamFilter = (context, _) =>
            {
                Interlocked.Increment(ref _connections);
                return new(context.PlaintextStream);
            },
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(4), // uvicorn and llama-server close after 5
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), // so that a name that moves is looked up again
            ResponseDrainTimeout = TimeSpan.FromMilliseconds(100), // who is no longer listened to shall stop decoding
        };
        _line.Watch(handler);
        PinnedAuthority.Trust(handler, options.Descriptor.Name, options.CertificateAuthorityPath);
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan, DefaultRequestVersion = HttpVersion.Version11, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrHigher };
    }

    public ServerAddress Address { get; }

    /// <inheritdoc cref="PoolLine.BytesPerSecond"/>
    public double? BytesPerSecond => _line.BytesPerSecond;

    /// <summary>The key of the latest call, so that it can be kept out of messages.</summary>
    public string? LatestKey { get; private set; }

    /// <summary>Sends and returns as soon as the headers are there; a body is JSON, asks with POST, and wants events back.</summary>
    /// <remarks>
    /// A server may close connections that were kept open in the moment they are used again; that is no fault, and it is asked once more for each.
    /// Where a new connection was made meanwhile nobody can tell which of both carried the request, and it is asked once more at most.
    /// </remarks>
    public async Task<HttpResponseMessage> SendAsync(Uri address, byte[]? body, Action<HttpRequestHeaders>? more, CancellationToken cancellationToken)
    {
        for (var kept = 0; ; kept++)
        {
            var connections = Volatile.Read(ref _connections);
            try
            {
                return await SendOnceAsync(address, body, more, cancellationToken);
            }
            catch (HttpRequestException exception) when (kept < MostAgain(connections, Volatile.Read(ref _connections)) && IsClosed(exception.InnerException))
            {
                // On to the next connection: at last to a new one.
            }
        }
    }

    /// <summary>Asks and reads the answer as far as it is of use.</summary>
    public async Task<(HttpStatusCode Status, byte[] Body)> AskAsync(Uri address, byte[]? body, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(address, body, null, cancellationToken);
        return (response.StatusCode, await ReadAsync(response, cancellationToken));
    }

    /// <summary>The first 64 KiB of a body.</summary>
    public static async Task<byte[]> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(LongestBody);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            var count = await body.ReadAtLeastAsync(buffer.AsMemory(0, LongestBody), LongestBody, throwOnEndOfStream: false, cancellationToken);
            return buffer[..count];
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> SendOnceAsync(Uri address, byte[]? body, Action<HttpRequestHeaders>? more, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, address);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = Json } };
            request.Headers.Accept.Add(Events);
        }

        more?.Invoke(request.Headers);
        foreach (var (name, value) in _options.Headers)
            request.Headers.TryAddWithoutValidation(name, value);
        await AddKeyAsync(request.Headers, cancellationToken);
        return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    /// <summary>How often a closed connection may be a kept one, by how many were made before it was asked and until it failed.</summary>
    private static int MostAgain(int before, int now) => before == 0 ? 0 : before == now ? MostKept : 1;

    /// <summary>Whether the other end had closed the connection; any answer is something else.</summary>
    private static bool IsClosed(Exception? exception) => exception is HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded }
        or IOException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.Shutdown or SocketError.ConnectionAborted } };

    private async ValueTask AddKeyAsync(HttpRequestHeaders headers, CancellationToken cancellationToken)
    {
        var key = _options.ApiKeySource is { } source ? await AskSourceAsync(source, cancellationToken) : _key;
        LatestKey = key;
        if (key is null)
            return;
        var bearer = _options.ApiKeyHeader.Equals("Authorization", StringComparison.OrdinalIgnoreCase);
        headers.TryAddWithoutValidation(_options.ApiKeyHeader, bearer ? "Bearer " + key : key);
    }

    private async ValueTask<string?> AskSourceAsync(Func<CancellationToken, ValueTask<string?>> source, CancellationToken cancellationToken)
    {
        string? key;
        try
        {
            key = await source(cancellationToken) ?? _key;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // Its words may hold the key.
            throw new PoolFault(HybridError.Unauthorized, $"the source of its key failed with {exception.GetType().Name}; nothing was sent");
        }

        return key is null || OptionRules.IsPlain(key)
            ? key
            : throw new PoolFault(HybridError.Unauthorized, "the source of its key gave one that a header cannot carry; nothing was sent");
    }
}
