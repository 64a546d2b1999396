using Hybrid.Targets;

namespace Hybrid.CloudConnector.Tests.Pools.Retries;

public class HedgeTests
{
    [Fact]
    public async Task The_slowest_are_asked_of_a_second_replica_and_the_loser_stops_at_once_and_is_accounted()
    {
        var bench = await WarmedUpAsync(10_000);
        bench.Replicas[0].Hang();
        var trace = new ReplicaTrace([]) { MayHedge = true, MaySubstitute = true };
        for (var i = 0; bench.Replicas[0].Cancelled == 0; i++)
        {
            trace = new([]) { MayHedge = true, MaySubstitute = true };
            Assert.Equal("r1", (await bench.AskAsync(request: Asking.Request with { Prompt = new TextPrompt($"{i} and some words"), Replicas = trace })).Text);
        }

        Assert.Equal(("r1", 1), (trace.Replica, trace.Retries));
        Assert.InRange(trace.WastedInputTokens, 4, 6);
        while (bench.Pool.Parts.Replicas.All.Any(replica => replica.Outstanding > 0)) await Task.Yield();
    }

    [Fact]
    public async Task What_hedges_may_waste_is_capped()
    {
        var bench = await WarmedUpAsync(100);
        bench.Replicas[0].Hang();
        var (before, requests) = (bench.Replicas.Sum(replica => replica.Asked), 0);
        for (var slow = bench.Replicas[0].Asked + 15; bench.Replicas[0].Asked < slow; requests++)
            await bench.AskAsync(request: new() { Prompt = new TextPrompt($"{requests:000} prompt"), Deadline = bench.Time.GetUtcNow() + TimeSpan.FromSeconds(0.5) });
        // Each sets aside its prompt of 3 tokens and 8 for what the loser may have said, and so nine fit into 100; one that is late for its deadline is not made.
        Assert.InRange(bench.Replicas.Sum(replica => replica.Asked) - before - requests, 5, 9);
    }

    [Fact]
    public async Task Nobody_is_asked_twice_where_a_budget_was_reserved_for_one()
    {
        var bench = await WarmedUpAsync(10_000);
        bench.Replicas[0].Hang();
        for (var i = 0; i < 10; i++)
        {
            var trace = new ReplicaTrace([]) { MayHedge = false, MaySubstitute = true };
            await bench.AskAsync(request: new() { Prompt = new TextPrompt($"{i}"), Replicas = trace, Deadline = bench.Time.GetUtcNow() + TimeSpan.FromSeconds(0.5) });
            Assert.Equal(0, trace.WastedInputTokens);
        }
    }

    private static async Task<PoolBench> WarmedUpAsync(int tokensPerMinute)
    {
        var bench = new PoolBench(2, options => options with { Retries = new() { HedgeQuantile = 0.9, HedgedTokensPerMinute = tokensPerMinute, BudgetShare = 1 } });
        for (var i = 0; i < 40; i++) await bench.AskAsync($"{i}");
        return bench;
    }
}
