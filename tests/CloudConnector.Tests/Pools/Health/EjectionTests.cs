using Hybrid.CloudConnector.Pools.Health;
using Hybrid.Configuration;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Tests.Pools.Health;

public class EjectionTests
{
    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);

    [Fact]
    public void Five_failures_in_a_row_within_ten_seconds_eject_for_thirty()
    {
        var health = new ReplicaHealth(new());
        for (var i = 0; i < 4; i++) Assert.False(health.Failed(At(i)));
        Assert.True(health.Failed(At(10)));
        Assert.Equal(At(30), health.Eject(At(10)));
        Assert.Equal(At(40), health.OutUntil(At(39.9)));
        Assert.Null(health.OutUntil(At(40)));
    }

    [Fact]
    public void Five_that_take_longer_do_not_nor_do_four_and_a_success()
    {
        var slow = new ReplicaHealth(new());
        for (var i = 0; i < 20; i++) Assert.False(slow.Failed(At(i * 2.6)));
        var mixed = new ReplicaHealth(new());
        for (var i = 0; i < 40; i++)
        {
            if (i % 5 == 4) mixed.Succeeded(At(i * 0.1));
            else Assert.False(mixed.Failed(At(i * 0.1)));
        }
    }

    [Fact]
    public void Each_ejection_is_longer_up_to_the_most_and_one_is_forgotten_for_each_interval_that_it_was_in()
    {
        var health = new ReplicaHealth(new());
        var now = At(0);
        foreach (var seconds in new[] { 30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300 })
        {
            Assert.Equal(At(seconds), health.Eject(now));
            now += At(seconds);
            Assert.Null(health.OutUntil(now));
        }

        // Eleven are remembered; eight intervals forget eight, and the next counts as the fourth.
        Assert.Equal(At(120), health.Eject(now + At(80)));
        Assert.Null(health.OutUntil(now + At(200)));
        Assert.Equal(At(30), health.Eject(now + At(10_000)));
    }

    [Fact]
    public void Its_share_grows_from_a_tenth_once_something_came_from_it()
    {
        var health = new ReplicaHealth(new());
        Assert.Equal(1, health.RampAt(At(0)));
        health.Eject(At(0));
        Assert.Null(health.OutUntil(At(30)));
        Assert.True(health.IsOnTrial);
        Assert.Equal(0.1, health.RampAt(At(300)));
        health.Began(At(300));
        Assert.False(health.IsOnTrial);
        Assert.Equal(0.1, health.RampAt(At(301)));
        Assert.Equal(0.5, health.RampAt(At(315)), 6);
        Assert.Equal(1, health.RampAt(At(330)));
    }

    [Fact]
    public async Task A_replica_that_fails_is_left_out_and_the_state_says_until_when()
    {
        var bench = new PoolBench(3);
        bench.Replicas[0].Fail();
        for (var i = 0; i < 60; i++)
        {
            Assert.Null((await bench.AskAsync($"{i}")).Fault);
            bench.Pass(0.4);
        }

        Assert.Equal(5, bench.Replicas[0].Asked);
        Assert.Equal(TargetReadiness.Warm, bench.Pool.State.Readiness);
        Assert.Matches("^r0 failed in a row and is out until 00:00:[0-9]{2}Z$", bench.Pool.State.Reason);
    }

    [Fact]
    public async Task No_more_than_half_are_left_out_and_who_fails_besides_is_tried_by_one_request_at_a_time()
    {
        var bench = new PoolBench(3, PoolBench.NoRetries);
        bench.Replicas[0].Fail(HybridError.Internal);
        bench.Replicas[1].Fail(HybridError.Internal);
        for (var i = 0; i < 200; i++) await bench.AskAsync($"{i}");
        Assert.Single(bench.Pool.Parts.Replicas.All, replica => replica.Health.OutUntil(bench.Pool.Parts.Clock.Now) is not null);
        Assert.Single(bench.Pool.Parts.Replicas.All, replica => replica.Health.IsOnTrial);
        Assert.True(bench.Replicas[2].Asked > 150, $"{bench.Replicas[2].Asked}");
    }

    [Fact]
    public async Task A_pool_of_one_is_never_left_out_and_its_state_is_its_replicas()
    {
        var bench = new PoolBench(1, PoolBench.NoRetries);
        bench.Replicas[0].Fail();
        for (var i = 0; i < 20; i++) await bench.AskAsync();
        Assert.Equal(20, bench.Replicas[0].Asked);
        bench.Replicas[0].State = new(TargetReadiness.Unavailable, "connection refused");
        Assert.Equal(bench.Replicas[0].State, bench.Pool.State);
        bench.Replicas[0].Recover();
        Assert.Null((await bench.AskAsync()).Fault);
    }

    [Theory]
    [InlineData(HybridError.InvalidRequest)]
    [InlineData(HybridError.ContextExceeded)]
    [InlineData(HybridError.Unauthorized)]
    [InlineData(HybridError.NoTargetAllowed)]
    [InlineData(HybridError.Busy)]
    public async Task What_is_wrong_with_the_request_is_no_failure_of_the_replica(HybridError error)
    {
        var bench = new PoolBench(2, PoolBench.NoRetries);
        foreach (var replica in bench.Replicas) replica.Fail(error);
        for (var i = 0; i < 40; i++) Assert.Equal(error, (await bench.AskAsync($"{i}")).Fault!.Error);
        Assert.All(bench.Pool.Parts.Replicas.All, replica => Assert.Equal(0, replica.Health.Failures));
    }

    [Fact]
    public async Task A_users_cancel_is_none_either()
    {
        var bench = new PoolBench(1);
        bench.Replicas[0].Hang();
        for (var i = 0; i < 20; i++)
        {
            using var caller = new CancellationTokenSource();
            var answer = bench.Pool.GenerateAsync(Asking.Request, caller.Token).GetAsyncEnumerator(caller.Token);
            var move = answer.MoveNextAsync().AsTask();
            bench.Pass(10);
            await caller.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => move);
        }

        Assert.Equal(0, bench.Pool.Parts.Replicas.All[0].Health.Failures);
        Assert.Equal(0, bench.Pool.Parts.Replicas.All[0].Outstanding);
    }

    [Fact]
    public async Task A_stream_that_breaks_each_time_counts_though_it_began()
    {
        var bench = new PoolBench(2);
        bench.Replicas[0].Then = _ => throw new HybridException(HybridError.TargetUnavailable, "reset");
        for (var i = 0; i < 20; i++)
        {
            await bench.AskAsync($"{i}");
            bench.Pass(1);
        }

        Assert.Equal(5, bench.Replicas[0].Asked);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_good_probe_brings_back_a_process_that_was_gone_once_and_never_one_that_fails(bool gone)
    {
        var health = new ReplicaHealth(new());
        health.Failed(At(0), unavailable: true, gone);
        health.Eject(At(0));
        health.Probed(At(2), well: true);
        Assert.Equal(gone, health.OutUntil(At(2)) is null);
        health.Eject(At(3));
        health.Probed(At(4), well: true);
        Assert.NotNull(health.OutUntil(At(4))); // it brought nothing in between
        health.Began(At(5));
        health.Probed(At(6), well: true);
        Assert.Equal(gone, health.OutUntil(At(6)) is null);
    }

    [Fact]
    public async Task A_replica_that_hangs_past_deadlines_is_left_out()
    {
        var bench = new PoolBench(2);
        bench.Replicas[0].Hang();
        for (var i = 0; bench.Replicas[0].Asked < 5; i++)
            await bench.AskAsync(request: new() { Prompt = new TextPrompt($"{i}"), Deadline = bench.Time.GetUtcNow() + TimeSpan.FromSeconds(1.5) });
        Assert.Contains("r0 failed in a row", bench.Pool.State.Reason, StringComparison.Ordinal);
    }
}
