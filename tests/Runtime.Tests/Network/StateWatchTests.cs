using Hybrid.Accounting;
using Hybrid.Network;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Network;

/// <summary>A pool is asked for its state when requests are about, and a request waits for it only where it matters, and not long.</summary>
public class StateWatchTests
{
    private static readonly RoutingPolicy Policy = new() { Name = "test", DollarsPerSecond = 0.001, ExpectedOutputTokens = 200 };
    private readonly ManualTimeProvider _time = new();
    private readonly PoolOfState _pool = new("pool");
    private readonly ScriptedTarget _device = new("device", "the answer of the device") { State = TargetState.Warm };
    private readonly List<RequestReceipt> _receipts = [];

    public StateWatchTests() => _device.Descriptor = _device.Descriptor with { Zone = Zone.Device, DecodeTokensPerSecond = 20, Quality = 0.5, Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation };

    [Fact]
    public async Task A_pool_that_is_cold_without_anybody_having_asked_is_spoken_for_from_the_first_request_on()
    {
        _pool.Is = new(TargetReadiness.Cold, "scaled to zero");
        await using var client = Client();
        await _pool.AskedAsync(1); // as soon as there is a client
        _pool.Answer();
        await AskAsync(client);
        Assert.Equal("device", _receipts[0].Decision.Bridge?.Target);
        Assert.Equal("pool", _receipts[0].Decision.Chosen?.Name);
    }

    [Fact]
    public async Task The_first_request_waits_for_the_answer_and_the_time_counts()
    {
        _pool.Is = new(TargetReadiness.Cold, "scaled to zero");
        await using var client = Client();
        await _pool.AskedAsync(1);
        var answer = AskAsync(client);
        Assert.False(answer.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.False(answer.IsCompleted);
        _pool.Answer();
        await answer;
        Assert.Equal("device", _receipts[0].Decision.Bridge?.Target);
        Assert.Equal(TimeSpan.FromSeconds(0.1), _receipts[0].TimeToFirstToken);
    }

    [Fact]
    public async Task A_request_waits_a_quarter_of_a_second_at_most_and_then_what_is_known_counts()
    {
        await using var client = Client();
        await _pool.AskedAsync(1);
        var answer = AskAsync(client);
        _time.Advance(StateWatch.LongestWait - TimeSpan.FromMilliseconds(1));
        Assert.False(answer.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await answer;
        Assert.Equal("pool", _receipts[0].Decision.Chosen?.Name);
        Assert.Null(_receipts[0].Decision.Bridge);
        _pool.Answer();
    }

    [Fact]
    public async Task Nobody_waits_for_a_pool_that_would_not_be_chosen()
    {
        _pool.Descriptor = _pool.Descriptor with { DollarsPerMillionOutputTokens = 1e9 };
        await using var client = Client();
        await _pool.AskedAsync(1);
        await AskAsync(client);
        Assert.Equal("device", _receipts[0].Decision.Chosen?.Name);
        _pool.Answer();
    }

    [Fact]
    public async Task A_warm_pool_that_nobody_heard_of_for_a_while_is_asked_again_and_one_that_just_answered_is_not()
    {
        await using var client = Client();
        await _pool.AskedAsync(1);
        _pool.Answer();
        await AskAsync(client);
        _time.Advance(StateWatch.FreshFor - TimeSpan.FromMilliseconds(1));
        await AskAsync(client); // its own answers tell of it
        _time.Advance(StateWatch.FreshFor - TimeSpan.FromMilliseconds(1));
        await AskAsync(client);
        Assert.Equal(1, _pool.Asked);

        _time.Advance(StateWatch.FreshFor);
        _pool.Is = new(TargetReadiness.Cold, "unloaded meanwhile");
        var answer = AskAsync(client);
        await _pool.AskedAsync(2);
        _pool.Answer();
        await answer;
        Assert.Equal("device", _receipts[^1].Decision.Bridge?.Target);
        Assert.All(_receipts.SkipLast(1), receipt => Assert.Null(receipt.Decision.Bridge));
    }

    [Fact]
    public async Task A_pool_that_is_found_dead_is_sent_nothing()
    {
        await using var client = Client();
        await _pool.AskedAsync(1);
        var answer = AskAsync(client);
        _pool.Is = new(TargetReadiness.Unavailable, "refused");
        _pool.Answer();
        await answer;
        Assert.Equal("device", Assert.Single(_receipts[0].Segments).Target);
        Assert.Equal(0, _pool.Generated);
    }

    [Fact]
    public async Task One_that_cannot_be_asked_is_not_asked_again_and_one_whose_probe_throws_or_hangs_is()
    {
        _pool.CanBeAsked = false;
        using var watch = StateWatch.Of([_pool], null, _time)!;
        Assert.True(watch.Look());
        await _pool.AskedAsync(1);
        Assert.True(watch.Look()); // one question at a time
        _pool.Answer();
        await Until(() => !watch.Look());
        _time.Advance(TimeSpan.FromDays(1));
        Assert.False(watch.Look());
        Assert.Equal(1, _pool.Asked);

        var faulty = new PoolOfState("faulty") { Fault = new InvalidOperationException() };
        using var other = StateWatch.Of([faulty], null, _time)!;
        other.Look();
        await faulty.AskedAsync(1);
        faulty.Answer();
        await Until(() => !other.Look());
        _time.Advance(StateWatch.FreshFor);
        other.Look();
        await faulty.AskedAsync(2); // and this one is left unanswered
        _time.Advance(TimeSpan.FromSeconds(5)); // the longest probe
        await Until(() => !other.Look());
    }

    [Fact]
    public void Targets_on_the_device_are_not_watched_and_those_behind_a_lost_network_are_not_asked()
    {
        Assert.Null(StateWatch.Of([_device], null, _time));
        var monitor = new ManualMonitor();
        monitor.Become(false);
        using var network = NetworkState.Of([_pool], monitor, _time, () => 0.5, new LogLines());
        using var watch = StateWatch.Of([_pool], network, _time)!;
        Assert.False(watch.Look());
        monitor.Become(true);
        Assert.True(watch.Look());
    }

    [Fact]
    public async Task A_request_that_is_cancelled_while_it_waits_ends_at_once()
    {
        using var cancel = new CancellationTokenSource();
        await using var client = Client();
        await _pool.AskedAsync(1);
        var answer = client.GetResponseAsync("x", cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        Assert.Equal(0, _pool.Generated);
    }

    private static async Task Until(Func<bool> condition)
    {
        while (!condition()) await Task.Yield();
    }

    private static Task AskAsync(HybridChatClient client) => client.GetResponseAsync("x", new() { MaxOutputTokens = 200 }, TestContext.Current.CancellationToken);

    private HybridChatClient Client() => new([_device, _pool], new() { Policy = Policy, TimeProvider = _time, Network = new ManualMonitor(), OnReceipt = _receipts.Add });

    /// <summary>A pool whose state is what it said when it was last asked.</summary>
    private sealed class PoolOfState(string name) : ITarget, INetworkTarget
    {
        private readonly RemoteTarget _inner = new(name);
        private TaskCompletionSource _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _asked;
        private int _generated;

        public TargetDescriptor Descriptor { get; set; } = new()
        {
            Name = name,
            Model = "m",
            Zone = Zone.Site,
            Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation,
            Quality = 1,
            DecodeTokensPerSecond = 1000,
            ColdStart = TimeSpan.FromSeconds(2),
        };

        public TargetState Is { get; set; } = TargetState.Warm;

        public bool CanBeAsked { get; set; } = true;

        public Exception? Fault { get; init; }

        public TargetState State { get; private set; } = new(TargetReadiness.Unknown);

        public bool NeedsNetwork => true;

        public int Asked => Volatile.Read(ref _asked);

        public int Generated => Volatile.Read(ref _generated);

        public async Task AskedAsync(int times) => await Until(() => Asked >= times);

        public void Answer() => Interlocked.Exchange(ref _answer, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

        public async ValueTask<bool?> ProbeAsync(CancellationToken cancellationToken = default)
        {
            var answer = Volatile.Read(ref _answer).Task;
            Interlocked.Increment(ref _asked);
            await answer;
            if (Fault is not null) throw Fault;
            State = Is;
            return CanBeAsked ? Is.Readiness != TargetReadiness.Unavailable : null;
        }

        public IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref _generated);
            return _inner.GenerateAsync(request, cancellationToken);
        }

        public ValueTask WarmAsync(CancellationToken cancellationToken = default)
        {
            State = TargetState.Warm;
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
