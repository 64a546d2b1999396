using Hybrid.Configuration;

namespace Hybrid.CloudConnector.Tests.Pools.Balancing;

public class CanaryTests
{
    [Fact]
    public async Task It_gets_its_share_of_the_conversations_and_each_stays_on_its_side()
    {
        var bench = Bench(new() { Share = 0.2 });
        var homes = new List<string>();
        for (var i = 0; i < 1000; i++) homes.Add((await bench.AskAsync($"{i}")).Text);
        Assert.InRange(homes.Count(home => home == "r0"), 160, 240);
        for (var i = 0; i < 1000; i++) Assert.Equal(homes[i], (await bench.AskAsync($"{i}")).Text);
    }

    [Fact]
    public async Task One_that_fails_more_than_the_others_is_rolled_back_and_the_state_says_so()
    {
        var bench = Bench(new() { Share = 0.5 });
        var failed = 0;
        bench.Replicas[0].First = (_, _) => ++failed % 4 == 0 ? throw new HybridException(HybridError.Internal, "500") : Task.CompletedTask;
        for (var i = 0; i < 200; i++) await bench.AskAsync($"{i}");
        Assert.InRange(bench.Replicas[0].Asked, 20, 30);
        Assert.Matches("^r0 is a canary that was rolled back: [0-9]+ ?% of its requests failed, of the others' 0 ?%$", bench.Pool.State.Reason);
    }

    [Fact]
    public async Task One_that_is_slow_to_begin_is_too()
    {
        var bench = Bench(new() { Share = 0.5 });
        foreach (var replica in bench.Replicas) replica.First = (_, token) => Task.Delay(TimeSpan.FromSeconds(replica == bench.Replicas[0] ? 0.25 : 0.1), bench.Time, token);
        for (var i = 0; i < 200; i++) await bench.AskAsync($"{i}");
        Assert.InRange(bench.Replicas[0].Asked, 20, 30);
        Assert.Contains("its first token takes 0.2", bench.Pool.State.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_is_as_good_as_the_others_stays_and_so_does_an_AB_test()
    {
        var good = Bench(new() { Share = 0.5 });
        var test = Bench(new() { Share = 0.5, Rollback = false });
        test.Replicas[0].Fail(HybridError.Internal);
        for (var i = 0; i < 300; i++)
        {
            await good.AskAsync($"{i}");
            await test.AskAsync($"{i}");
        }

        Assert.Equal("", good.Pool.State.Reason);
        Assert.DoesNotContain("rolled back", test.Pool.State.Reason, StringComparison.Ordinal);
    }

    private static PoolBench Bench(CanaryOptions canary) =>
        new(3, options => options with { Canary = canary, Retries = new() { Most = 0 }, Health = new() { ConsecutiveFailures = 1000 } }, (i, replica) => replica with { Canary = i == 0 });
}
