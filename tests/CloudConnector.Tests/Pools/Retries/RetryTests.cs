using System.Net.Sockets;
using Hybrid.CloudConnector.Pools.Retries;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Tests.Pools.Retries;

public class RetryTests
{
    [Fact]
    public async Task Another_replica_answers_where_one_fails_before_anything_came()
    {
        var bench = new PoolBench(3);
        bench.Replicas[0].Fail();
        for (var i = 0; i < 12; i++) Assert.Null((await bench.AskAsync($"{i}")).Fault);
        Assert.Equal(1, bench.Replicas[0].Asked); // nobody is there, so for a second others are asked
        bench.Pass(1.1);
        for (var i = 0; i < 12; i++) await bench.AskAsync($"{i}");
        Assert.Equal(2, bench.Replicas[0].Asked);
    }

    [Fact]
    public async Task Once_something_came_the_fault_surfaces()
    {
        var bench = new PoolBench(3);
        foreach (var replica in bench.Replicas) replica.Then = _ => throw new HybridException(HybridError.TargetUnavailable, "reset");
        var answer = await bench.AskAsync();
        Assert.Equal(("reset", 2), (answer.Fault!.Message, answer.Text.Length));
        Assert.Equal(1, bench.Replicas.Sum(replica => replica.Asked));
    }

    [Theory]
    [InlineData(HybridError.InvalidRequest)]
    [InlineData(HybridError.Unauthorized)]
    [InlineData(HybridError.ContextExceeded)]
    public async Task What_others_would_refuse_too_is_not_asked_again(HybridError error)
    {
        var bench = new PoolBench(3);
        foreach (var replica in bench.Replicas) replica.Fail(error);
        Assert.Equal(error, (await bench.AskAsync()).Fault!.Error);
        Assert.Equal(1, bench.Replicas.Sum(replica => replica.Asked));
    }

    [Fact]
    public async Task When_retries_are_used_up_the_first_fault_surfaces()
    {
        var bench = new PoolBench(3);
        var order = 0;
        foreach (var replica in bench.Replicas) replica.First = (_, _) => throw new HybridException(HybridError.Internal, $"fault {order++}");
        Assert.Equal("fault 0", (await bench.AskAsync()).Fault!.Message);
        Assert.Equal(3, order);
        Assert.All(bench.Replicas, replica => Assert.Equal(1, replica.Asked));
    }

    [Fact]
    public async Task All_that_were_on_a_replica_that_is_gone_move_to_one_that_is_well()
    {
        var bench = new PoolBench(2);
        var (gone, well) = (new TaskCompletionSource(), new TaskCompletionSource()); // they continue on the thread that lets time pass
        bench.Replicas[0].First = (_, _) => gone.Task;
        bench.Replicas[1].First = (_, _) => well.Task;
        var clients = Enumerable.Range(0, 40).Select(i => Asking.AskAsync(bench.Pool, new() { Prompt = new TextPrompt($"{i}") })).ToArray();
        Assert.InRange(bench.Replicas[0].Asked, 10, 30);
        gone.SetException(new HybridException(HybridError.TargetUnavailable, "reset", new SocketException((int)SocketError.ConnectionReset)));
        well.SetResult();
        await FinishAsync(bench, clients);
        Assert.All(await Task.WhenAll(clients), answer => Assert.Equal("r1", answer.Text));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Where_no_other_target_may_go_on_it_is_waited_for_a_process_to_come_back_and_nothing_is_sent_meanwhile(bool lastResort)
    {
        var bench = new PoolBench(2);
        foreach (var replica in bench.Replicas)
        {
            replica.Probe = false;
            replica.First = (_, _) => throw new HybridException(HybridError.TargetUnavailable, "gone", new SocketException((int)SocketError.ConnectionRefused));
        }

        var clients = Enumerable.Range(0, 100).Select(i => Asking.AskAsync(bench.Pool, new() { Prompt = new TextPrompt($"{i}"), Replicas = new([]) { IsLastResort = lastResort } })).ToArray();
        for (var i = 0; i < 500; i++)
        {
            bench.Pass(0.01);
            await Task.Yield();
        }

        Assert.InRange(bench.Replicas.Sum(replica => replica.Asked), 100, 130);
        foreach (var replica in bench.Replicas)
        {
            replica.Recover();
            replica.Probe = true;
            replica.State = TargetState.Warm;
        }

        await FinishAsync(bench, clients);
        Assert.Equal(lastResort ? 100 : 0, (await Task.WhenAll(clients)).Count(answer => answer.Fault is null));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_thousand_clients_of_a_dead_pool_make_no_storm(bool nobodyListens)
    {
        var bench = new PoolBench(4);
        foreach (var replica in bench.Replicas)
            replica.First = (_, _) => throw new HybridException(HybridError.TargetUnavailable, "dead", nobodyListens ? new SocketException((int)SocketError.ConnectionRefused) : null);
        var clients = Enumerable.Range(0, 1000).Select(i => Asking.AskAsync(bench.Pool, new() { Prompt = new TextPrompt($"{i}") })).ToArray();
        await FinishAsync(bench, clients);
        Assert.All(await Task.WhenAll(clients), answer => Assert.Equal(HybridError.TargetUnavailable, answer.Fault!.Error));
        Assert.InRange(bench.Replicas.Sum(replica => replica.Asked), 1001, 1250);
    }

    private static async Task FinishAsync(PoolBench bench, Task[] clients)
    {
        while (!Array.TrueForAll(clients, client => client.IsCompleted))
        {
            bench.Pass(0.005);
            await Task.Yield();
        }
    }

    [Fact]
    public void The_budget_is_a_fifth_of_the_last_ten_seconds_and_three_in_any_case()
    {
        var budget = new RetryBudget(new());
        TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);
        Assert.Equal(3, Enumerable.Range(0, 10).Count(_ => budget.TryTake(At(0))));
        for (var i = 0; i < 100; i++) budget.Request(At(1));
        Assert.Equal(17, Enumerable.Range(0, 50).Count(_ => budget.TryTake(At(2))));
        Assert.False(budget.TryTake(At(9.9)));
        Assert.Equal(3, Enumerable.Range(0, 50).Count(_ => budget.TryTake(At(13))));
    }

    [Fact]
    public void Any_wait_up_to_the_longest_of_its_turn_is_as_likely()
    {
        Assert.Equal(TimeSpan.Zero, Backoff.After(new(), 0, 0));
        Assert.Equal(TimeSpan.FromMilliseconds(12.5), Backoff.After(new(), 0, 0.5));
        Assert.Equal(TimeSpan.FromMilliseconds(50), Backoff.After(new(), 2, 0.5));
        Assert.Equal(TimeSpan.FromMilliseconds(500), Backoff.After(new(), 100, 0.5));
    }

    [Fact]
    public async Task Who_asks_to_be_left_alone_is_until_then()
    {
        var bench = new PoolBench(2);
        bench.Replicas[0].Fail(HybridError.Busy, TimeSpan.FromSeconds(20));
        for (var i = 0; i < 20; i++) Assert.Equal("r1", (await bench.AskAsync($"{i}")).Text);
        Assert.Equal(1, bench.Replicas[0].Asked);
        Assert.StartsWith("r0 asked to be left alone until 00:00:20Z", bench.Pool.State.Reason, StringComparison.Ordinal);
        bench.Replicas[0].Recover();
        bench.Pass(20);
        for (var i = 0; i < 20; i++) await bench.AskAsync($"{i}");
        Assert.True(bench.Replicas[0].Asked > 1);
    }

    [Fact]
    public async Task A_short_rest_of_all_is_waited_for_and_a_long_one_surfaces_with_its_length()
    {
        var bench = new PoolBench(1);
        bench.Replicas[0].First = (_, _) =>
        {
            bench.Replicas[0].Recover();
            throw new HybridException(HybridError.Busy, "429") { RetryAfter = TimeSpan.FromSeconds(0.8) };
        };
        var before = bench.Time.GetUtcNow();
        Assert.Null((await bench.AskAsync()).Fault);
        Assert.True(bench.Time.GetUtcNow() - before >= TimeSpan.FromSeconds(0.8));

        bench.Replicas[0].Fail(HybridError.Busy, TimeSpan.FromSeconds(30));
        before = bench.Time.GetUtcNow();
        Assert.Equal(TimeSpan.FromSeconds(30), (await bench.AskAsync()).Fault!.RetryAfter);
        var next = await bench.AskAsync();
        Assert.Equal(HybridError.Busy, next.Fault!.Error);
        Assert.InRange(next.Fault.RetryAfter!.Value.TotalSeconds, 29, 30);
        Assert.Equal(TargetReadiness.Unavailable, bench.Pool.State.Readiness);
        Assert.True(bench.Time.GetUtcNow() - before < TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task No_retry_is_made_past_the_deadline()
    {
        var bench = new PoolBench(1);
        bench.Replicas[0].Fail(HybridError.Busy, TimeSpan.FromSeconds(0.9));
        var answer = await bench.AskAsync(request: Asking.Request with { Deadline = bench.Time.GetUtcNow() + TimeSpan.FromSeconds(0.5) });
        Assert.Equal(HybridError.Busy, answer.Fault!.Error);
        Assert.Equal(1, bench.Replicas[0].Asked);
    }

    [Fact]
    public async Task A_replica_that_says_nothing_for_too_long_is_given_up()
    {
        var bench = new PoolBench(2, options => options with { Retries = new() { TryTimeout = TimeSpan.FromSeconds(2) } });
        bench.Replicas[0].Hang();
        for (var i = 0; i < 8; i++) Assert.Equal("r1", (await bench.AskAsync($"{i}")).Text);
        Assert.True(bench.Replicas[0].Asked > 0);
        Assert.Equal(bench.Replicas[0].Asked, bench.Replicas[0].Cancelled);
    }
}
