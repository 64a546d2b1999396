using Hybrid.Accounting;
using Hybrid.Accounting.Budgets;
using Hybrid.Policy;
using Hybrid.Targets;
using Hybrid.Warmth;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Warmth;

/// <summary>A pool that sleeps after five idle minutes and takes twenty seconds to wake, beside a device of less quality.</summary>
public class PreWarmerTests
{
    private static readonly TimeSpan StaysWarm = TimeSpan.FromMinutes(5);
    private readonly ManualTimeProvider _time = new();
    private readonly Network.LogLines _log = new();

    [Fact]
    public async Task It_is_kept_awake_while_requests_come_and_falls_asleep_when_they_stop()
    {
        var pool = new SleepingPool(_time, idleDollars: 0.1);
        await using var client = Client(pool);
        // Every six minutes a request, which would find it asleep each time.
        for (var i = 0; i < 10; i++)
        {
            await AskAsync(client);
            await PassAsync(TimeSpan.FromMinutes(6));
        }

        Assert.InRange(pool.FoundAsleep, 1, 3); // until it was known when they come
        Assert.InRange(pool.Woken, 6, 12);
        var woken = pool.Woken;
        await PassAsync(TimeSpan.FromHours(3));
        Assert.InRange(pool.Woken - woken, 0, 12); // an hour or so, then nobody is expected
        woken = pool.Woken;
        await PassAsync(TimeSpan.FromHours(3));
        Assert.Equal(woken, pool.Woken);
        Assert.Equal(TargetReadiness.Cold, pool.State.Readiness);
        Assert.StartsWith("Pool pool is woken ahead: ", _log.Of(1511).First(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_let_go_where_its_warmth_costs_more_than_waiting()
    {
        var pool = new SleepingPool(_time, idleDollars: 100);
        await using var client = Client(pool);
        for (var i = 0; i < 10; i++)
        {
            await AskAsync(client);
            await PassAsync(TimeSpan.FromMinutes(6));
        }

        Assert.Equal(0, pool.Woken);
        Assert.Empty(_log.Of(1511));
    }

    [Fact]
    public async Task Without_the_option_nobody_is_woken()
    {
        var pool = new SleepingPool(_time, idleDollars: 0);
        await using var client = Client(pool, preWarm: false);
        for (var i = 0; i < 5; i++)
        {
            await AskAsync(client);
            await PassAsync(TimeSpan.FromMinutes(6));
        }

        Assert.Equal(0, pool.Woken);
    }

    [Fact]
    public async Task Requests_that_the_pool_may_not_see_do_not_wake_it()
    {
        var pool = new SleepingPool(_time, idleDollars: 0) { Zone = Zone.Public };
        await using var client = Client(pool);
        for (var i = 0; i < 10; i++)
        {
            await AskAsync(client, new ChatOptions().WithPrivacy(PrivacyClass.Secret));
            await PassAsync(TimeSpan.FromMinutes(2));
        }

        Assert.Equal(0, pool.Woken);
    }

    [Fact]
    public async Task What_it_costs_is_taken_from_the_budget_and_without_one_it_sleeps()
    {
        await using var budgets = BudgetLedger.Open(new() { App = new() { DollarsPerHour = 0.03 } }, _time);
        var pool = new SleepingPool(_time, idleDollars: 0.1); // a little more than 0.008 each time
        await using var client = Client(pool, budgets: budgets);
        for (var i = 0; i < 9; i++)
        {
            await AskAsync(client);
            await PassAsync(TimeSpan.FromMinutes(6));
        }

        Assert.InRange(pool.Woken, 1, 3);
        Assert.InRange(budgets.Left().Dollars!.Value, 0, 0.0085);
        Assert.NotEmpty(_log.Of(1513));
    }

    [Fact]
    public async Task A_pool_that_does_not_wake_is_left_alone_for_a_while()
    {
        var pool = new SleepingPool(_time, idleDollars: 0) { Refuses = true };
        await using var client = Client(pool);
        for (var i = 0; i < 10; i++)
        {
            await AskAsync(client);
            await PassAsync(TimeSpan.FromMinutes(6));
        }

        Assert.InRange(pool.Woken, 2, 8); // of sixty looks
        Assert.StartsWith("Pool pool could not be woken ahead: ", _log.Of(1512).First(), StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_is_not_there_or_does_not_say_how_long_it_stays_warm_is_refused()
    {
        var pool = new SleepingPool(_time, idleDollars: 0);
        var error = Assert.Throws<HybridException>(() => new HybridChatClient([pool], new() { PreWarm = ["moon"] }));
        Assert.Equal((HybridError.Configuration, "There is no target 'moon' to wake ahead. There are pool."), (error.Error, error.Message));
        error = Assert.Throws<HybridException>(() => new HybridChatClient([new ScriptedTarget("short", "x")], new() { PreWarm = ["short"] }));
        Assert.StartsWith("Pool 'short' is to be woken ahead and does not say how long it stays warm.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.05, 100, 0, false)] // hardly anybody comes
    [InlineData(0.2, 0, 0, false)] // and saves nothing
    [InlineData(0.2, 0.1, 0.018, true)] // 1 - e^-0.2 = 0.181
    [InlineData(0.2, 0.1, 0.0182, false)]
    public void It_pays_where_the_chance_of_a_request_times_what_it_saves_is_more_than_the_price(double expected, double saving, double price, bool pays) =>
        Assert.Equal(pays, WarmthRule.Pays(expected, saving, price));

    [Fact]
    public void A_request_saves_the_wait_the_quality_and_the_waking()
    {
        var policy = new RoutingPolicy { Name = "p", DollarsPerSecond = 0.001, DollarsPerQualityPoint = 0.0001 };
        var pool = new SleepingPool(_time, idleDollars: 0.1).Descriptor;
        var profile = new RequestProfile { PromptTokens = 100, ExpectedOutputTokens = 100 };
        // Alone, the wait of twenty seconds counts twice, as the silence that it is; and whoever wakes it pays for 320 idle seconds.
        var saving = WarmthRule.SavingDollars(profile, [new(pool, new(TargetReadiness.Cold))], policy, 0);
        Assert.Equal((2 * 20 * 0.001) + (0.1 * 320 / 3600), saving, 9);
        // Beside a device as good and as quick nothing is saved.
        var twin = pool with { Name = "twin", Zone = Zone.Device, ColdStart = TimeSpan.Zero };
        Assert.Equal(0, WarmthRule.SavingDollars(profile, [new(twin, TargetState.Warm), new(pool, new(TargetReadiness.Cold))], policy, 1), 9);
    }

    private async Task PassAsync(TimeSpan time)
    {
        for (var left = time; left > TimeSpan.Zero; left -= TimeSpan.FromSeconds(15))
        {
            _time.Advance(TimeSpan.FromSeconds(15));
            await Task.Yield();
        }
    }

    private static Task AskAsync(HybridChatClient client, ChatOptions? options = null) =>
        client.GetResponseAsync("x", options, TestContext.Current.CancellationToken);

    private HybridChatClient Client(SleepingPool pool, bool preWarm = true, BudgetLedger? budgets = null)
    {
        var device = new ScriptedTarget("device", "so", " so");
        device.Descriptor = device.Descriptor with { Quality = 0.3, DecodeTokensPerSecond = 20 };
        return new([device, pool], new()
        {
            Policy = new() { Name = "test", DollarsPerSecond = 0.001, DollarsPerQualityPoint = 0.001, ExpectedOutputTokens = 100, Handover = false },
            Privacy = PrivacyClass.Internal,
            TimeProvider = _time,
            Network = new Network.ManualMonitor(),
            PreWarm = preWarm ? ["pool"] : [],
            Budgets = budgets,
            Logger = _log,
        });
    }

    private sealed class SleepingPool(ManualTimeProvider time, double idleDollars) : ITarget
    {
        private readonly ScriptedTarget _inner = new("pool", "good", " answer");
        private DateTimeOffset _usedAt = DateTimeOffset.MinValue;

        public Zone Zone { get; init; } = Zone.Site;

        public bool Refuses { get; init; }

        public int Woken { get; private set; }

        public int FoundAsleep { get; private set; }

        public TargetDescriptor Descriptor => new()
        {
            Name = "pool",
            Model = "m",
            Zone = Zone,
            Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation,
            Quality = 0.9,
            ColdStart = TimeSpan.FromSeconds(20),
            StaysWarm = StaysWarm,
            IdleDollarsPerHour = idleDollars,
        };

        public TargetState State => time.GetUtcNow() - _usedAt < StaysWarm ? TargetState.Warm : new(TargetReadiness.Cold, "asleep");

        public IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, CancellationToken cancellationToken = default)
        {
            if (State.Readiness == TargetReadiness.Cold) FoundAsleep++;
            _usedAt = time.GetUtcNow();
            return _inner.GenerateAsync(request, cancellationToken);
        }

        public ValueTask WarmAsync(CancellationToken cancellationToken = default)
        {
            Woken++;
            if (Refuses) throw new HybridException(HybridError.TargetUnavailable, "It refuses.");
            _usedAt = time.GetUtcNow();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
