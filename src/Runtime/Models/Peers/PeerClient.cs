using System.Net;
using System.Net.Http.Headers;
using Hybrid.Models.Pull;
using Hybrid.Models.Pull.Shards;
using Hybrid.Models.Pull.Sources;
using Hybrid.Models.Pull.Web;

namespace Hybrid.Models.Peers;

/// <summary>Asks the site's peers for parts of files. A peer that is away, full or refuses is let be for a while; a model's own source is always behind it.</summary>
internal sealed class PeerClient : IDisposable
{
    private static readonly TimeSpan AwayFor = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FullFor = TimeSpan.FromSeconds(1);
    private readonly HttpClient _client;
    private readonly SiteKey _key;
    private readonly TimeProvider _time;

    public PeerClient(PeerOptions options, TimeProvider time)
    {
        (_key, _time) = (new(options.Key, time), time);
        Peers = [.. options.Addresses.Select(address => new Peer(address))];
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false, // a peer is on the site
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = options.ConnectTimeout,
            ResponseDrainTimeout = TimeSpan.Zero,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    public IReadOnlyList<Peer> Peers { get; }

    public DateTimeOffset Now => _time.GetUtcNow();

    /// <summary>The same file, from peers where they have it; without a digest nobody could tell whether it is the same.</summary>
    /// <param name="source">Where it comes from otherwise.</param>
    /// <param name="partial">What is here of it, where peers see what this device is fetching.</param>
    public RemoteFile Before(RemoteFile source, PartialFile partial) => source.Sha256 is { } digest && Peers.Count > 0
        ? new PeerFile(this, source, digest, partial) { Path = source.Path, Size = source.Size, Sha256 = digest, Validator = source.Validator }
        : source;

    /// <summary>Asks a peer for a part of a file.</summary>
    public async Task<PeerAnswer> OpenAsync(Peer peer, string sha256, long size, long offset, long length, StallGuard guard)
    {
        if (peer.RestsAt(Now)) return default;
        HttpResponseMessage response;
        try
        {
            response = await SendAsync(PeerAddress.Of(peer.Address, sha256), new(offset, offset + length - 1), guard);
        }
        catch (PullFault)
        {
            peer.Rest(Now + AwayFor);
            return default;
        }

        if (response.StatusCode is HttpStatusCode.PartialContent && response.Content.Headers.ContentRange is { Unit: "bytes" } range
            && (range.From, range.To, range.Length) == (offset, offset + length - 1, size) && response.Content.Headers.ContentLength == length)
            return new(new(await response.Content.ReadAsStreamAsync(guard.Token), response));
        using (response)
        {
            if (response.StatusCode is not HttpStatusCode.NotFound) peer.Rest(Now + (response.StatusCode is HttpStatusCode.ServiceUnavailable ? FullFor : AwayFor));
            return new(null, response.Headers.Contains(PeerAnswer.ComingHeader));
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> SendAsync(Uri address, RangeHeaderValue range, StallGuard guard)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address) { Headers = { Range = range } };
        request.Headers.TryAddWithoutValidation("Authorization", _key.Prove("GET", address.AbsolutePath, range.ToString()));
        return await guard.WaitAsync(static (it, cancel) => new ValueTask<HttpResponseMessage>(it._client.SendAsync(it.request, HttpCompletionOption.ResponseHeadersRead, cancel)), (_client, request));
    }
}

/// <summary>One peer, and until when it is let be.</summary>
internal sealed class Peer(Uri address)
{
    private long _restsUntil;

    public Uri Address => address;

    public bool RestsAt(DateTimeOffset now) => now.UtcTicks < Volatile.Read(ref _restsUntil);

    public void Rest(DateTimeOffset until) => Volatile.Write(ref _restsUntil, until.UtcTicks);
}
