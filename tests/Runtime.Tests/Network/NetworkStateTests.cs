using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using Hybrid.Network;
using Hybrid.Targets;

namespace Hybrid.Tests.Network;

public class NetworkStateTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly ManualMonitor _monitor = new();
    private readonly LogLines _log = new();
    private readonly RemoteTarget _one = new("one");
    private readonly RemoteTarget _two = new("two");

    private static Exception Broken => new HybridException(HybridError.TargetUnavailable, "x", new HttpRequestException(HttpRequestError.ConnectionError, "y", new SocketException()));

    [Fact]
    public void Only_targets_at_the_other_end_of_a_network_are_watched()
    {
        using var state = Watch(0.5, _one);
        Assert.True(_monitor.IsWatched);
        _monitor.Become(false);
        Assert.True(state.IsOutOfReach(_one));
        Assert.Equal(new(TargetReadiness.Unavailable, "the network is down"), state.StateOf(_one));

        var loopback = new RemoteTarget("loopback") { NeedsNetwork = false };
        var device = new RemoteTarget("device") { Descriptor = _one.Descriptor with { Zone = Zone.Device } };
        var other = new ScriptedTarget("other");
        other.Descriptor = other.Descriptor with { Zone = Zone.Public };
        Assert.All([loopback, device, other], (ITarget target) => Assert.Same(target.State, state.StateOf(target)));
        Assert.Null(NetworkState.Of([loopback, device, other], _monitor, _time, () => 0, _log));
    }

    [Fact]
    public void It_goes_down_and_comes_back_once_each_as_the_monitor_says()
    {
        _monitor.Become(false);
        var state = Watch(0.5, _one);
        Assert.True(state.IsDown);
        _monitor.Become(false);
        var lost = state.Enter("one");
        Assert.True(lost.IsCancellationRequested);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        _monitor.Become(true);
        _monitor.Become(true);
        Assert.False(state.IsDown);
        Assert.Same(TargetState.Warm, state.StateOf(_one));
        Assert.False(state.Enter("one").IsCancellationRequested);
        Assert.Equal("The network is down: no network is available. Requests stay local, and what was said elsewhere goes on here, until it is back.", Assert.Single(_log.Of(1401)));
        Assert.Equal("The network is back after 0.1 s: a network is available.", Assert.Single(_log.Of(1402)));

        state.Dispose();
        Assert.False(_monitor.IsWatched);
    }

    [Fact]
    public void It_is_metered_while_it_is_down()
    {
        var thread = Environment.CurrentManagedThreadId; // other tests lose theirs meanwhile
        var down = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == "hybrid.network_down") self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<int>((_, value, _, _) =>
        {
            if (Environment.CurrentManagedThreadId == thread) down += value;
        });
        listener.Start();
        var state = Watch(0.5, _one);
        _monitor.Become(false);
        Assert.Equal(1, down);
        _monitor.Become(true);
        Assert.Equal(0, down);
        _monitor.Become(false);
        state.Dispose();
        Assert.Equal(0, down);
    }

    [Fact]
    public void One_target_at_a_time_is_probed_ever_more_rarely_and_the_first_answer_ends_it()
    {
        var probes = new List<(string Name, double Second)>();
        var answers = false;
        foreach (var target in (RemoteTarget[])[_one, _two])
        {
            target.Probe = () =>
            {
                probes.Add((target.Descriptor.Name, (_time.GetUtcNow() - new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)).TotalSeconds));
                return answers;
            };
        }

        using var state = Watch(0.5, _one, _two);
        _monitor.Become(false);
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal([("one", 0.5), ("two", 1.5), ("one", 3.5), ("two", 7.5), ("one", 15.5), ("two", 30.5), ("one", 45.5)], probes);
        answers = true;
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(("two", 60.5), probes[^1]);
        Assert.Equal(8, probes.Count);
        Assert.False(state.IsDown); // whatever the monitor says
        Assert.Equal("The network is back after 60.5 s: two answers.", Assert.Single(_log.Of(1402)));

        _monitor.Become(false);
        Assert.False(state.IsDown); // no news
        _monitor.Become(true);
        _monitor.Become(false);
        Assert.True(state.IsDown);
    }

    [Fact]
    public void Delays_have_full_jitter()
    {
        var random = new Random(7);
        var last = _time.GetUtcNow();
        var delays = new List<double>();
        _one.Probe = () =>
        {
            delays.Add((_time.GetUtcNow() - last).TotalSeconds);
            last = _time.GetUtcNow();
            return false;
        };
        using var state = NetworkState.Of([_one], _monitor, _time, random.NextDouble, _log)!;
        _monitor.Become(false);
        _time.Advance(TimeSpan.FromHours(2));
        for (var i = 0; i < delays.Count; i++) Assert.InRange(delays[i], 0, Math.Min(Math.Pow(2, i), 30));
        Assert.InRange(delays.Skip(5).Average(), 14, 16);
        Assert.True(delays.Skip(5).Max() > 29);
        Assert.True(delays.Skip(5).Min() < 1);
    }

    [Fact]
    public void A_target_without_a_probe_is_let_through_for_one_request()
    {
        using var state = Watch(0.5, _one);
        _monitor.Become(false);
        _time.Advance(TimeSpan.FromSeconds(0.4));
        Assert.True(state.IsOutOfReach(_one));
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Same(TargetState.Warm, state.StateOf(_one));
        Assert.False(state.Enter("one").IsCancellationRequested);
        Assert.True(state.IsOutOfReach(_one));
        Assert.True(state.Enter("one").IsCancellationRequested);
        state.Failed("one", Broken);
        Assert.True(state.IsDown);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(state.Enter("one").IsCancellationRequested);
        state.Reached("one");
        Assert.False(state.IsDown);
    }

    [Fact]
    public void Two_targets_whose_connections_break_at_once_mean_the_network()
    {
        using var state = Watch(0.5, _one, _two);
        state.Failed("one", Broken);
        state.Failed("one", Broken);
        Assert.False(state.IsDown); // one target's own trouble
        _time.Advance(TimeSpan.FromSeconds(1.1));
        state.Failed("two", Broken);
        Assert.False(state.IsDown); // too long after
        state.Reached("one");
        state.Failed("one", Broken);
        Assert.False(state.IsDown); // something came in between
        var token = state.Enter("two");
        _time.Advance(TimeSpan.FromSeconds(0.9));
        state.Failed("two", Broken);
        Assert.True(state.IsDown);
        Assert.True(token.IsCancellationRequested);
        Assert.Contains("the connections to one and two broke at the same time", Assert.Single(_log.Of(1401)), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_network_is_tried_at_once_when_it_was_not_the_monitor_who_missed_it()
    {
        var probes = 0;
        _one.Probe = () => ++probes > 8;
        using var state = Watch(0.5, _one, _two);
        state.Failed("one", Broken);
        state.Failed("two", Broken);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(state.IsDown);
        probes = 8;
        _monitor.Become(true);
        Assert.True(state.IsDown);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(state.IsDown);
    }

    public static TheoryData<bool, Exception> Faults() => new()
    {
        { true, Broken },
        { true, new IOException("x", new SocketException()) },
        { true, new HttpRequestException(HttpRequestError.NameResolutionError) },
        { true, new TaskCanceledException("x", new TimeoutException()) },
        { true, new HttpIOException(HttpRequestError.ResponseEnded) },
        { false, new HybridException(HybridError.TargetUnavailable, "x") },
        { false, new HybridException(HybridError.Busy, "x") },
        { false, new HttpRequestException("x", null, HttpStatusCode.ServiceUnavailable) },
        { false, new HttpRequestException(HttpRequestError.SecureConnectionError) },
        { false, new HttpProtocolException(2, "reset", new SocketException()) },
        { false, new OperationCanceledException() },
        { false, new IOException("the disk is full") },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Only_a_fault_of_the_connection_speaks_of_the_network(bool speaks, Exception fault)
    {
        Assert.Equal(speaks, BrokenConnection.Is(fault));
        using var state = Watch(0.5, _one, _two);
        state.Failed("one", fault);
        state.Failed("two", fault);
        Assert.Equal(speaks, state.IsDown);
    }

    [Fact]
    public async Task A_probe_that_throws_or_hangs_is_no_answer()
    {
        var probes = 0;
        _one.Probe = () => ++probes > 2 ? true : throw new InvalidOperationException();
        using var state = Watch(0.5, _one);
        _monitor.Become(false);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.False(state.IsDown);

        var hanging = new HangingProbe();
        using var other = NetworkState.Of([hanging], _monitor, _time, () => 0.5, _log)!;
        _monitor.Become(true);
        _monitor.Become(false);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, hanging.Probes);
        _time.Advance(TimeSpan.FromSeconds(5)); // the limit of a probe
        await hanging.Again(() => _time.Advance(TimeSpan.FromSeconds(1)));
    }

    private NetworkState Watch(double chance, params ITarget[] targets) => NetworkState.Of(targets, _monitor, _time, () => chance, _log)!;

    private sealed class HangingProbe : ITarget, INetworkTarget
    {
        private int _probes;

        public int Probes => Volatile.Read(ref _probes);

        public TargetDescriptor Descriptor { get; } = new() { Name = "hangs", Model = "m", Zone = Zone.Public };

        public TargetState State => TargetState.Warm;

        public bool NeedsNetwork => true;

        public async ValueTask<bool?> ProbeAsync(CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref _probes);
            await new TaskCompletionSource().Task;
            return true;
        }

        /// <summary>Waits until it was asked once more.</summary>
        public async Task Again(Action meanwhile)
        {
            var began = TimeProvider.System.GetTimestamp();
            while (Probes < 2)
            {
                Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(3), "It was not asked again.");
                await Task.Yield();
                meanwhile();
            }
        }

        public IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask WarmAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
