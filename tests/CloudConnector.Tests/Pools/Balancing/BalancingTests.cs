using Hybrid.CloudConnector.Pools.Balancing;
using Hybrid.Configuration;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Tests.Pools.Balancing;

public class BalancingTests
{
    [Fact]
    public async Task A_conversation_stays_where_it_is_and_conversations_spread_by_weight()
    {
        var bench = new PoolBench(4, place: (i, replica) => replica with { Weight = i + 1 });
        var homes = new List<string>();
        for (var i = 0; i < 1000; i++)
        {
            homes.Add((await bench.AskAsync($"{i}")).Text);
            Assert.Equal(homes[i], (await bench.AskAsync($"{i}")).Text);
        }

        for (var i = 0; i < 4; i++) Assert.InRange(homes.Count(home => home == $"r{i}"), (100 * (i + 1)) - 40, (100 * (i + 1)) + 40);
    }

    [Fact]
    public async Task When_a_replica_goes_only_its_conversations_move()
    {
        var bench = new PoolBench(4);
        var homes = new List<string>();
        for (var i = 0; i < 400; i++) homes.Add((await bench.AskAsync($"{i}")).Text);
        bench.Replicas[2].Fail();
        for (var i = 0; i < 400; i++) await bench.AskAsync($"{i}"); // it is ejected
        bench.Replicas[2].Recover();
        for (var i = 0; i < 400; i++)
        {
            var home = (await bench.AskAsync($"{i}")).Text;
            if (homes[i] != "r2") Assert.Equal(homes[i], home);
            else Assert.NotEqual("r2", home);
        }
    }

    [Fact]
    public void A_conversation_is_known_by_its_system_prompt_and_first_question()
    {
        MessagesPrompt first = new([new("system", "s"), new("user", "one")]);
        MessagesPrompt later = new([new("system", "s"), new("user", "one"), new("assistant", "answer"), new("user", "two")]);
        Assert.Equal(PromptKey.Of(first), PromptKey.Of(later));
        Assert.NotEqual(PromptKey.Of(first), PromptKey.Of(new MessagesPrompt([new("system", "s"), new("user", "two")])));
        Assert.NotEqual(PromptKey.Of(first), PromptKey.Of(new MessagesPrompt([new("system", "t"), new("user", "one")])));
        Assert.Equal(PromptKey.Of(new TokensPrompt(new[] { 1, 2 })), PromptKey.Of(new TokensPrompt(new[] { 1, 2 })));
        Assert.NotEqual(PromptKey.Of(new TextPrompt("a")), PromptKey.Of(new TextPrompt("b")));
        Assert.Equal(PromptKey.Of(new TextPrompt(new string('日', 100_000))), PromptKey.Of(new TextPrompt(new string('日', 100_001))));
    }

    [Fact]
    public async Task One_conversation_never_makes_a_replica_much_busier_than_the_others()
    {
        var bench = new PoolBench(5);
        var held = new List<IAsyncEnumerator<DecodeUpdate>>();
        for (var i = 0; i < 100; i++)
        {
            held.Add(await bench.HoldAsync("the same"));
            var loads = bench.Pool.Parts.Replicas.All.Select(replica => replica.Outstanding).ToArray();
            Assert.True(loads.Max() <= (1.25 * loads.Sum() / 5) + 2 || loads.Max() - loads.Min() <= 3, string.Join(' ', loads));
        }

        foreach (var one in held) await one.DisposeAsync();
        Assert.All(bench.Pool.Parts.Replicas.All, replica => Assert.Equal(0, replica.Outstanding));
    }

    [Fact]
    public async Task A_full_pool_lets_some_wait_and_refuses_the_rest_in_words()
    {
        var bench = new PoolBench(2, options => options with { Limits = new() { Connections = 2, Pending = 1 } });
        var held = new List<IAsyncEnumerator<DecodeUpdate>>();
        for (var i = 0; i < 4; i++) held.Add(await bench.HoldAsync($"{i}"));
        var (first, second) = (Asking.AskAsync(bench.Pool), Asking.AskAsync(bench.Pool));
        Assert.Equal(2, bench.Pool.State.QueueLength);
        var refused = await Asking.AskAsync(bench.Pool);
        Assert.Equal(HybridError.Busy, refused.Fault!.Error);
        Assert.Equal("Pool 'pool' is full: 2 requests run on each replica that may be asked, and 2 wait. Nothing was sent; ask again later, add replicas or raise its Limits.", refused.Fault.Message);
        Assert.False(first.IsCompleted);
        await held[0].DisposeAsync();
        Assert.Null((await first).Fault);
        Assert.Null((await second).Fault);
        foreach (var one in held) await one.DisposeAsync();
    }

    [Fact]
    public async Task Who_waits_can_be_cancelled_and_has_a_deadline()
    {
        var bench = new PoolBench(1, options => options with { Limits = new() { Connections = 1 } });
        await using var held = await bench.HoldAsync("a");
        using var caller = new CancellationTokenSource();
        var cancelled = bench.Pool.GenerateAsync(Asking.Request, caller.Token).GetAsyncEnumerator(caller.Token).MoveNextAsync().AsTask();
        var late = Asking.AskAsync(bench.Pool, Asking.Request with { Deadline = bench.Time.GetUtcNow() + TimeSpan.FromSeconds(1) });
        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        bench.Pass(1);
        Assert.Equal(HybridError.DeadlineExceeded, (await late).Fault!.Error);
        Assert.Equal(0, bench.Pool.State.QueueLength);
    }

    [Fact]
    public async Task A_substitute_answers_only_where_no_other_can_and_never_for_who_asked_for_the_model()
    {
        var bench = new PoolBench(3, place: (i, replica) => i == 0 ? replica : replica with { Model = $"small-{i}", Quality = i / 10.0 });
        for (var i = 0; i < 20; i++) Assert.Equal("r0", (await bench.AskAsync($"{i}")).Text);
        bench.Replicas[0].Fail(HybridError.Busy, TimeSpan.FromMinutes(1));
        var trace = new ReplicaTrace([]) { MaySubstitute = true };
        Assert.Equal("r2", (await bench.AskAsync(request: Asking.Request with { Replicas = trace })).Text); // the better one
        Assert.Equal(("r2", "small-2"), (trace.Replica, trace.Model));
        var pinned = await bench.AskAsync(request: Asking.Request with { Replicas = new([]) { MaySubstitute = false } });
        Assert.Equal(HybridError.Busy, pinned.Fault!.Error);
    }
}
