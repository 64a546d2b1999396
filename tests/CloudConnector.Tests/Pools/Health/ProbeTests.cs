using Hybrid.Targets;

namespace Hybrid.CloudConnector.Tests.Pools.Health;

public class ProbeTests
{
    [Fact]
    public async Task Who_is_found_unwell_is_asked_only_where_nobody_else_is_there()
    {
        var bench = new PoolBench(2);
        bench.Replicas[0].Probe = false;
        var probe = bench.Pool.ProbeAsync().AsTask();
        bench.Pass(1);
        Assert.True(await probe);
        for (var i = 0; i < 20; i++) await bench.AskAsync($"{i}");
        Assert.Equal(0, bench.Replicas[0].Asked);
        Assert.Contains("r0 is unavailable: sick", bench.Pool.State.Reason, StringComparison.Ordinal);
        bench.Replicas[1].Fail(HybridError.Busy, TimeSpan.FromSeconds(5));
        Assert.Equal("r0", (await bench.AskAsync("last resort")).Text);
    }

    [Fact]
    public async Task Who_is_loading_is_asked_only_where_nobody_else_is_there()
    {
        var bench = new PoolBench(2);
        bench.Replicas[0].State = new(TargetReadiness.Warming, "loading");
        bench.Replicas[1].State = new(TargetReadiness.Cold);
        var probe = bench.Pool.ProbeAsync().AsTask();
        bench.Pass(1);
        await probe;
        for (var i = 0; i < 20; i++) Assert.Equal("r1", (await bench.AskAsync($"{i}")).Text);
    }

    [Theory]
    [InlineData(true, false, true)]
    [InlineData(false, false, false)]
    [InlineData(null, false, false)]
    [InlineData(null, null, null)]
    public async Task It_answers_where_any_replica_does(bool? one, bool? other, bool? together)
    {
        var bench = new PoolBench(2);
        (bench.Replicas[0].Probe, bench.Replicas[1].Probe) = (one, other);
        var probe = bench.Pool.ProbeAsync().AsTask();
        bench.Pass(1);
        Assert.Equal(together, await probe);
    }

    [Fact]
    public async Task Nobody_is_asked_without_requests_and_then_each_of_whom_nothing_was_heard()
    {
        var bench = new PoolBench(3);
        bench.Pass(100);
        Assert.All(bench.Replicas, replica => Assert.Equal(0, replica.Probed));
        await bench.AskAsync("a");
        bench.Pass(11);
        await bench.AskAsync("a");
        bench.Pass(1);
        Assert.All(bench.Replicas, replica => Assert.InRange(replica.Probed, 1, 2));
    }

    [Fact]
    public void States_are_summed_and_the_readiest_counts()
    {
        var bench = new PoolBench(3);
        bench.Replicas[0].State = new(TargetReadiness.Cold, "scaled to zero");
        bench.Replicas[1].State = new(TargetReadiness.Warm, "", 3, 4, 4);
        bench.Replicas[2].State = new(TargetReadiness.Warm, "", 1, 2, 4);
        Assert.Equal(new(TargetReadiness.Warm, "", 4, 6, 0), bench.Pool.State);
        bench.Replicas[0].State = new(TargetReadiness.Unavailable, "gone");
        Assert.Equal(new(TargetReadiness.Warm, "r0 is unavailable: gone", 4, 6, 8), bench.Pool.State);
        foreach (var replica in bench.Replicas) replica.State = new(TargetReadiness.Unavailable, "gone");
        Assert.Equal(TargetReadiness.Unavailable, bench.Pool.State.Readiness);
    }

    [Fact]
    public async Task Warming_wakes_one_and_requests_go_to_who_is_warm_until_that_one_is_busy()
    {
        var bench = new PoolBench(2);
        foreach (var replica in bench.Replicas) replica.State = new(TargetReadiness.Cold);
        await bench.Pool.WarmAsync();
        Assert.Equal(1, bench.Replicas.Sum(replica => replica.Woken));
        var (warm, cold) = bench.Replicas[0].Woken == 1 ? (bench.Replicas[0], bench.Replicas[1]) : (bench.Replicas[1], bench.Replicas[0]);
        warm.State = new(TargetReadiness.Warm, "", 0, 0, 2);
        await using var one = await bench.HoldAsync("a");
        await using var two = await bench.HoldAsync("b");
        Assert.Equal((2, 0), (warm.Asked, cold.Asked));
        await using var three = await bench.HoldAsync("c");
        Assert.Equal((2, 1), (warm.Asked, cold.Asked));
    }
}
