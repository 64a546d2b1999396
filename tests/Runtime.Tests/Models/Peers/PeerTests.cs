using System.Net;
using System.Net.Sockets;
using Hybrid.Models.Peers;
using Hybrid.Models.Pull;
using Hybrid.Models.Store;
using Hybrid.Tests.Models.Pull;

namespace Hybrid.Tests.Models.Peers;

/// <summary>A device that has a model, one that pulls it, and a hub behind a thin line.</summary>
public sealed class PeerTests : IAsyncDisposable
{
    private const string Key = "a secret of the site";
    private const string Reference = "hf:owner/model-GGUF:Q8_0";
    private readonly HubServer _hub = new();
    private readonly PullPlace _one = new();
    private readonly PullPlace _other = new();
    private readonly byte[] _bytes = HubRepository.Bytes(1_500_000, 71);
    private PeerServer? _server;

    public PeerTests() => _ = new HubRepository(_hub) { Files = { ["m-Q8_0.gguf"] = _bytes } };

    private long FromHub => _hub.Asked.Where(request => request.Range is not null).Sum(request => request.Range!.Value.Last - request.Range!.Value.First + 1);

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        await _hub.DisposeAsync();
        _one.Dispose();
        _other.Dispose();
    }

    [Fact]
    public async Task Of_two_devices_one_fetches_over_the_thin_line_and_the_other_from_it()
    {
        var peer = await OfferAsync();
        var before = FromHub;
        Assert.Equal(_bytes.Length, before);
        _other.Has(await PullAsync(peer), _bytes);
        Assert.Equal(before, FromHub);
    }

    [Theory]
    [InlineData("another secret of a site", 0)]
    [InlineData(Key, 6)]
    [InlineData(Key, -6)]
    public async Task Who_does_not_prove_now_that_it_knows_the_key_gets_nothing(string key, int minutesOff)
    {
        var peer = await OfferAsync(minutesOff);
        var before = FromHub;
        _other.Has(await PullAsync(peer, key), _bytes);
        Assert.Equal(before + _bytes.Length, FromHub);
    }

    [Fact]
    public async Task Bytes_that_are_not_what_they_should_be_come_again_from_the_source()
    {
        var peer = await OfferAsync();
        var before = FromHub;
        var blob = _one.Store.BlobPath(HubRepository.Digest(_bytes));
        File.SetAttributes(blob, FileAttributes.Normal);
        await using (var file = new FileStream(blob, FileMode.Open, FileAccess.Write))
        {
            file.Position = 700_000;
            file.WriteByte((byte)~_bytes[700_000]);
        }

        _other.Has(await PullAsync(peer), _bytes);
        Assert.Equal(before + _bytes.Length, FromHub);
    }

    [Fact]
    public async Task A_peer_that_breaks_off_is_not_asked_again_for_that_file()
    {
        await using var broken = new HubServer
        {
            Answer = request => new(206)
            {
                Headers = new Dictionary<string, string> { ["Content-Range"] = $"bytes {request.Range!.Value.First}-{request.Range!.Value.Last}/{_bytes.Length}" },
                Body = _bytes.AsMemory((int)request.Range!.Value.First..((int)request.Range!.Value.Last + 1)),
                CutAfter = 1000,
            },
        };
        _other.Has(await PullAsync(broken.Address), _bytes);
        Assert.InRange(broken.Asked.Count, 1, 4); // one for each connection at most
        Assert.InRange(FromHub, _bytes.Length - (broken.Asked.Count * 1000), _bytes.Length);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(500)]
    [InlineData(206)] // of another part than was asked for
    public async Task A_peer_that_refuses_or_fails_is_let_be_for_a_minute(int status)
    {
        await using var peer = new HubServer { Answer = _ => new(status) { Headers = new Dictionary<string, string> { ["Content-Range"] = $"bytes 0-0/{_bytes.Length}" }, Body = new byte[1] } };
        _other.Has(await PullAsync(peer.Address), _bytes);
        Assert.InRange(peer.Asked.Count, 1, 4); // one for each connection at most
        Assert.Equal(_bytes.Length, FromHub);
    }

    [Fact]
    public async Task A_peer_whose_places_are_taken_says_so_and_gives_when_they_are_free()
    {
        var peer = await OfferAsync(places: 1);
        var blob = _one.Store.BlobPath(HubRepository.Digest(_bytes));
        var path = $"/hybrid/blobs/{HubRepository.Digest(_bytes)}";
        // A large file that nobody reads fills the line and keeps the place.
        File.SetAttributes(blob, FileAttributes.Normal);
        await using (var file = new FileStream(blob, FileMode.Open, FileAccess.Write))
            file.SetLength(64 << 20);
        using var client = new HttpClient();
        using var first = await client.SendAsync(Ask(peer, path), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        using var second = await client.SendAsync(Ask(peer, path), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(1)), (second.StatusCode, second.Headers.RetryAfter?.Delta));
        await first.Content.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken);
        while (true)
        {
            using var third = await client.SendAsync(Ask(peer, path), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
            if (third.StatusCode == HttpStatusCode.OK) break;
            Assert.Equal(HttpStatusCode.ServiceUnavailable, third.StatusCode); // the place is given back a moment after the last byte
        }
    }

    [Fact]
    public async Task A_peer_that_is_not_there_costs_nothing_but_its_connection()
    {
        using var nobody = new HeldPort();
        _other.Has(await PullAsync(nobody.Address), _bytes);
        Assert.Equal(_bytes.Length, FromHub);
    }

    [Theory]
    [InlineData("GET", "/hybrid/blobs/{0}", "bytes=0-9", 206)]
    [InlineData("GET", "/hybrid/blobs/{0}", "bytes=1499990-", 206)]
    [InlineData("GET", "/hybrid/blobs/{0}", "bytes=1500000-", 416)]
    [InlineData("GET", "/hybrid/blobs/{0}", "bytes=9-0", 416)]
    [InlineData("GET", "/hybrid/blobs/{0}", "bytes=0-1,3-4", 416)]
    [InlineData("GET", "/hybrid/blobs/{0}", null, 200)]
    [InlineData("HEAD", "/hybrid/blobs/{0}", null, 200)]
    [InlineData("POST", "/hybrid/blobs/{0}", null, 405)]
    [InlineData("GET", "/hybrid/blobs/0000000000000000000000000000000000000000000000000000000000000000", null, 404)]
    [InlineData("GET", "/hybrid/blobs/..%2F..%2Fnames", null, 404)]
    [InlineData("GET", "/", null, 404)]
    public async Task It_gives_what_is_asked_for_and_no_more(string method, string path, string? range, int status)
    {
        var peer = await OfferAsync();
        var address = new Uri(peer, path.Replace("{0}", HubRepository.Digest(_bytes), StringComparison.Ordinal));
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(new(method), address);
        if (range is not null)
            request.Headers.TryAddWithoutValidation("Range", range);
        using var stranger = await client.GetAsync(address, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
        request.Headers.TryAddWithoutValidation("Authorization", new SiteKey(Key, _one.Time).Prove(method, address.AbsolutePath, range));
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(status, (int)response.StatusCode);
        var body = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        var wanted = (status, method, range) switch
        {
            (206, _, "bytes=0-9") => _bytes[..10],
            (206, _, _) => _bytes[^10..],
            (200, "GET", _) => _bytes,
            _ => [],
        };
        Assert.Equal(wanted, body);
    }

    [Fact]
    public void A_proof_is_good_for_what_it_was_made_for_alone()
    {
        var key = new SiteKey(Key, _one.Time);
        var proof = key.Prove("GET", "/a", "bytes=0-9");
        Assert.True(key.Accepts(proof, "GET", "/a", "bytes=0-9"));
        Assert.False(key.Accepts(proof, "HEAD", "/a", "bytes=0-9"));
        Assert.False(key.Accepts(proof, "GET", "/b", "bytes=0-9"));
        Assert.False(key.Accepts(proof, "GET", "/a", null));
        foreach (var bad in new[] { null, "", "Hybrid-Site ", "Hybrid-Site 1", "Hybrid-Site :", "Hybrid-Site x:00", proof + "00", proof[..^2], "Bearer " + proof, "Hybrid-Site 99999999999999999999:00" })
            Assert.False(key.Accepts(bad, "GET", "/a", "bytes=0-9"));
    }

    [Fact]
    public void A_key_that_is_too_short_and_a_port_that_is_taken_are_said()
    {
        Assert.Contains("16 or more", Assert.Throws<HybridException>(() => PeerServer.Start(_one.Store, new() { Key = "short" })).Message, StringComparison.Ordinal);
        Assert.Contains("Peers:Key", Assert.Throws<HybridException>(() => new ModelPuller(_one.Store, _one.Options with { Peers = new() { Key = "short" } })).Message, StringComparison.Ordinal);
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        var fault = Assert.Throws<HybridException>(() => PeerServer.Start(_one.Store, new() { Key = Key, Address = new($"http://127.0.0.1:{((IPEndPoint)socket.LocalEndpoint).Port}") }));
        Assert.Equal(HybridError.Configuration, fault.Error);
        Assert.DoesNotContain(Key, new PeerServerOptions { Key = Key }.ToString() + new PeerOptions { Key = Key }, StringComparison.Ordinal);
    }

    private HttpRequestMessage Ask(Uri peer, string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(peer, path));
        request.Headers.TryAddWithoutValidation("Authorization", new SiteKey(Key, _other.Time).Prove("GET", path, null));
        return request;
    }

    /// <summary>The first device pulls the model and offers it.</summary>
    private async Task<Uri> OfferAsync(int minutesOff = 0, int places = 16)
    {
        await _one.PullAsync(_hub, Reference);
        for (var tries = 0; ; tries++)
        {
            using var socket = new TcpListener(IPAddress.Loopback, 0);
            socket.Start();
            var address = new Uri($"http://127.0.0.1:{((IPEndPoint)socket.LocalEndpoint).Port}");
            socket.Stop();
            try
            {
                _server = PeerServer.Start(_one.Store, new() { Key = Key, Address = address, MaxTransfers = places, TimeProvider = new OffTime(_other.Time, TimeSpan.FromMinutes(minutesOff)) });
                return address;
            }
            catch (HybridException) when (tries < 5)
            {
                // Another took the port in between.
            }
        }
    }

    private sealed class OffTime(TimeProvider time, TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + by;
    }

    private Task<ModelManifest> PullAsync(Uri peer, string key = Key) =>
        _other.PullAsync(_hub, Reference, options => options with { Peers = new() { Addresses = [peer], Key = key, ConnectTimeout = TimeSpan.FromMinutes(1) } });
}
