using System.Net;
using System.Net.Http.Headers;

namespace Hybrid.Models.Pull.Web;

/// <summary>HTTP as pulls use it: no redirect followed unseen, no compression, one request to a connection.</summary>
internal sealed class PullHttp : IDisposable
{
    private readonly HttpClient _client;
    private readonly PullOptions _options;

    public PullHttp(PullOptions options)
    {
        _options = options;
        Hub = new(options.Hub.Endpoint, options.Hub.Token);
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false, // whoever follows decides whether the token goes along
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = options.StallTimeout,
            MaxConnectionsPerServer = options.Connections,
            ResponseDrainTimeout = TimeSpan.FromMilliseconds(200),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            InitialHttp2StreamWindowSize = 65535,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
            // Several ranges over one connection of HTTP/2 would share one congestion window.
            DefaultRequestVersion = HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("hybrid", "0.1"));
        _client.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
    }

    /// <summary>The token and the only place that it is sent to.</summary>
    public TokenRule Hub { get; }

    public PullOptions Options => _options;

    public StallGuard Guard(CancellationToken cancellationToken) => new(_options.StallTimeout, _options.TimeProvider, cancellationToken);

    /// <summary>Sends once and returns with the headers.</summary>
    /// <param name="method">GET or HEAD.</param>
    /// <param name="address">Where to.</param>
    /// <param name="trusted">Whether the request is part of a conversation with the hub that never left it by an absolute redirect.</param>
    /// <param name="range">First and last byte; null: all.</param>
    /// <param name="ifRange">The strong tag that the range must belong to.</param>
    /// <param name="guard">Ends what is silent for too long.</param>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri address, bool trusted, (long First, long Last)? range, string? ifRange, StallGuard guard)
    {
        AddressRule.Check(address, _options);
        using var request = new HttpRequestMessage(method, address);
        if (trusted && Hub.For(address) is { } token)
            request.Headers.Authorization = new("Bearer", token);
        if (range is var (first, last))
        {
            request.Headers.Range = new(first, last);
            if (ifRange is not null)
                request.Headers.TryAddWithoutValidation("If-Range", ifRange);
        }

        return await guard.WaitAsync(static (it, cancel) => new ValueTask<HttpResponseMessage>(
            it._client.SendAsync(it.request, HttpCompletionOption.ResponseHeadersRead, cancel)), (_client, request));
    }

    public void Dispose() => _client.Dispose();
}
