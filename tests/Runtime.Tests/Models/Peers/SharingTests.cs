using System.Net;
using System.Net.Sockets;
using Hybrid.Models.Peers;
using Hybrid.Models.Pull;
using Hybrid.Models.Store;
using Hybrid.Tests.Models.Pull;

namespace Hybrid.Tests.Models.Peers;

/// <summary>Devices of a site that pull the same model at the same time, each offering what it has of it.</summary>
public sealed class SharingTests : IAsyncDisposable
{
    private const string Key = "a secret of the site";
    private const string Reference = "hf:owner/model-GGUF:Q8_0";
    private const int Connections = 4;
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);
    private readonly HubServer _hub = new();
    private readonly byte[] _bytes = HubRepository.Bytes((48 * PullPlace.Shard) - 1000, 72);
    private readonly List<Device> _devices = [];

    public SharingTests() => _ = new HubRepository(_hub) { Files = { ["m-Q8_0.gguf"] = _bytes } };

    private IEnumerable<HubRequest> Parts => _hub.Asked.Where(request => request.Range is not null);

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        foreach (var device in _devices) await device.DisposeAsync();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Each_shard_comes_over_the_thin_line_once(int devices)
    {
        Begin(devices);
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _hub.Hold = request =>
        {
            if (request.Range is null) return Task.CompletedTask; // the listing
            // Nothing comes before everybody is at it.
            if (Parts.Select(Who).Distinct().Count() == devices) all.TrySetResult();
            return all.Task.WaitAsync(Hang);
        };
        var manifests = await Task.WhenAll(_devices.Select(device => device.PullAsync(TestContext.Current.CancellationToken)));
        foreach (var (device, manifest) in _devices.Zip(manifests)) device.Place.Has(manifest, _bytes);
        Assert.Equal(_bytes.Length, _hub.Served);
        Assert.Equal(devices, Parts.Select(Who).Distinct().Count());
    }

    [Fact]
    public async Task One_that_ends_in_the_middle_holds_nobody_up_and_goes_on_with_what_the_others_have()
    {
        Begin(2);
        var (first, other) = (_devices[0], _devices[1]);
        await EndInTheMiddleAsync(first, _bytes.Length / 3);
        var before = _hub.Served;
        other.Place.Has(await other.PullAsync(TestContext.Current.CancellationToken), _bytes);
        Assert.InRange(_hub.Served, _bytes.Length, _bytes.Length + (Connections * PullPlace.Shard));
        Assert.InRange(_hub.Served - before, 1, _bytes.Length - 1); // it had the rest from the one that had ended
        var whole = _hub.Served;
        first.Place.Has(await first.PullAsync(TestContext.Current.CancellationToken), _bytes);
        Assert.Equal(whole, _hub.Served);
    }

    [Fact]
    public async Task Bytes_that_were_lost_with_the_power_are_not_given()
    {
        Begin(2);
        var (first, other) = (_devices[0], _devices[1]);
        await EndInTheMiddleAsync(first, _bytes.Length / 2);
        var path = first.Place.Store.PartialPath(HubRepository.Digest(_bytes));
        await File.WriteAllBytesAsync(path, new byte[new FileInfo(path).Length], TestContext.Current.CancellationToken);
        other.Place.Has(await other.PullAsync(TestContext.Current.CancellationToken), _bytes);
        Assert.Equal(_bytes.Length, Parts.Where(part => Who(part) == other.Name).Sum(part => part.Range!.Value.Last - part.Range!.Value.First + 1));
    }

    [Fact]
    public async Task One_that_does_not_get_on_is_not_waited_for()
    {
        Begin(2, patient: true);
        var (stuck, other) = (_devices[0], _devices[1]);
        using var asked = new SemaphoreSlim(0);
        using var end = new CancellationTokenSource();
        _hub.Hold = request =>
        {
            if (request.Range is null || Who(request) == other.Name) return Task.CompletedTask;
            asked.Release();
            return Task.Delay(Timeout.InfiniteTimeSpan, end.Token);
        };
        var waits = stuck.PullAsync(end.Token);
        for (var i = 0; i < Connections; i++) Assert.True(await asked.WaitAsync(Hang, TestContext.Current.CancellationToken));
        other.Place.Has(await other.PullAsync(TestContext.Current.CancellationToken), _bytes);
        Assert.True(other.Place.Time.GetUtcNow() - new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero) >= PeerFile.LongestWait);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits);
    }

    /// <summary>Ends a device's pull when so many bytes have gone out to it and all its connections wait for more, so that nothing is under way afterwards.</summary>
    private async Task EndInTheMiddleAsync(Device device, long bytes)
    {
        var held = new TaskCompletionSource();
        using var waiting = new SemaphoreSlim(0);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        _hub.Hold = request =>
        {
            if (request.Range is null || _hub.Served < bytes) return Task.CompletedTask;
            waiting.Release();
            return held.Task;
        };
        var pull = device.PullAsync(end.Token);
        for (var i = 0; i < Connections; i++) Assert.True(await waiting.WaitAsync(Hang, TestContext.Current.CancellationToken));
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pull);
        _hub.Hold = _ => Task.CompletedTask;
        held.SetCanceled(TestContext.Current.CancellationToken);
    }

    private static string Who(HubRequest request) => request.Header("authorization") ?? "";

    /// <summary>So many devices, each of which knows the others.</summary>
    private void Begin(int devices, bool patient = false)
    {
        for (var i = 0; i < devices; i++) _devices.Add(new(_hub, $"Bearer device-{i}", i));
        foreach (var device in _devices) device.Offer(patient);
        foreach (var device in _devices) device.Knows([.. _devices.Where(one => one != device).Select(one => one.Address!)], patient);
    }

    private sealed class Device(HubServer hub, string name, int seed) : IAsyncDisposable
    {
        private PeerServer? _server;

        public string Name => name;

        public PullPlace Place { get; } = new();

        public Uri? Address { get; private set; }

        public void Offer(bool patient)
        {
            for (var tries = 0; _server is null; tries++)
            {
                using var socket = new TcpListener(IPAddress.Loopback, 0);
                socket.Start();
                Address = new Uri($"http://127.0.0.1:{((IPEndPoint)socket.LocalEndpoint).Port}");
                socket.Stop();
                try
                {
                    _server = PeerServer.Start(Place.Store, new() { Key = Key, Address = Address, MaxTransfers = 100, TimeProvider = patient ? Place.Time : TimeProvider.System });
                }
                catch (HybridException) when (tries < 5)
                {
                    // Another took the port in between.
                }
            }
        }

        public void Knows(IReadOnlyList<Uri> others, bool patient)
        {
            var random = new Random(seed);
            Place.Options = Place.Options with
            {
                Connections = Connections,
                Hub = new() { Token = name["Bearer ".Length..] },
                Peers = new() { Addresses = others, Key = Key, ConnectTimeout = Hang },
                TimeProvider = patient ? Place.Time : TimeProvider.System,
                Randomizer = () =>
                {
                    lock (random) return random.NextDouble();
                },
            };
        }

        public Task<ModelManifest> PullAsync(CancellationToken cancellationToken) => Place.PullAsync(hub, Reference, cancellationToken: cancellationToken);

        public async ValueTask DisposeAsync()
        {
            if (_server is not null) await _server.DisposeAsync();
            Place.Dispose();
        }
    }
}
