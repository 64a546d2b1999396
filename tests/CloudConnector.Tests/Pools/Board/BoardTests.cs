using Hybrid.CloudConnector.Pools.Board;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Tests.Pools.Board;

/// <summary>What a pool writes for others, and that it heeds what is drained.</summary>
public sealed class BoardTests : IDisposable
{
    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("hybrid-board").FullName, "board");

    private PoolBoard Board => new(_folder);

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    private PoolBench Bench(int replicas) => new(replicas, options => PoolBench.NoRetries(options) with { BoardPath = _folder });

    [Fact]
    public async Task It_tells_counts_quantiles_and_why_a_replica_is_out_within_a_second()
    {
        var bench = Bench(2);
        bench.Replicas[0].First = (_, cancellationToken) => Task.Delay(TimeSpan.FromMilliseconds(200), bench.Time, cancellationToken);
        bench.Replicas[1].Fail();
        var failed = 0;
        for (var i = 0; failed < 5; i++) failed += (await bench.AskAsync($"{i}")).Fault is null ? 0 : 1;
        bench.Pass(1);

        var status = Assert.Single(Board.Read());
        Assert.Equal(("pool", Environment.ProcessId, 0), (status.Pool, status.Process, status.Waiting));
        var (good, bad) = (status.Replicas[0], status.Replicas[1]);
        Assert.Equal(("r0", bench.Replicas[0].Asked, 0, 0), (good.Name, good.Answered, good.Failed, good.Running));
        Assert.InRange(good.FirstToken!.P50, 0.2, 0.21);
        Assert.Null(good.PerToken); // one token each
        Assert.Null(good.OutUntil);
        Assert.Equal((0, 5, 1, "5 failures in a row, the last of them TargetUnavailable"), (bad.Answered, bad.Failed, bad.Ejections, bad.OutFor));
        Assert.InRange(bad.OutUntil!.Value - bench.Time.GetUtcNow(), TimeSpan.FromSeconds(28), TimeSpan.FromSeconds(30));

        await bench.Pool.DisposeAsync();
        Assert.Empty(Board.Read());
    }

    [Fact]
    public async Task A_drained_replica_ends_what_it_has_and_gets_nothing_new_until_it_is_taken_in_again()
    {
        var bench = Bench(2);
        await using var held = await bench.HoldAsync("0");
        var on = Array.FindIndex(bench.Replicas, replica => replica.Asked == 1);
        var name = $"r{on}";
        Board.Drain($"pool/{name}", undo: false);
        bench.Pass(1);
        for (var i = 0; i < 30; i++) Assert.Null((await bench.AskAsync($"{i}")).Fault);
        Assert.Equal((1, 30), (bench.Replicas[on].Asked, bench.Replicas[1 - on].Asked));
        bench.Pass(1);
        Assert.Equal((1, true), Board.Read()[0].Replicas.Where(replica => replica.Name == name).Select(replica => (replica.Running, replica.Drained)).Single());
        Assert.Contains($"{name} is drained", bench.Pool.State.Reason, StringComparison.Ordinal);

        Assert.True(await held.MoveNextAsync());
        Assert.NotNull(held.Current.Completion);
        Assert.False(await held.MoveNextAsync());
        bench.Pass(1);
        Assert.Equal(0, Board.Read()[0].Replicas.Single(replica => replica.Name == name).Running);

        Board.Drain($"pool/{name}", undo: true);
        bench.Pass(1);
        for (var i = 0; i < 30; i++) Assert.Null((await bench.AskAsync($"{i}")).Fault);
        Assert.True(bench.Replicas[on].Asked > 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_pool_that_is_drained_before_a_process_starts_is_never_asked(int replicas)
    {
        Board.Drain("pool", undo: false);
        var bench = Bench(replicas);
        Assert.Equal(TargetReadiness.Unavailable, bench.Pool.State.Readiness);
        var answer = await bench.AskAsync();
        Assert.Equal(HybridError.TargetUnavailable, answer.Fault!.Error);
        Assert.Contains("all of them are drained; 'hybrid pools drain pool --undo' takes them in again", answer.Fault.Message, StringComparison.Ordinal);
        Assert.All(bench.Replicas, replica => Assert.Equal(0, replica.Asked));
    }

    [Fact]
    public async Task What_a_dead_process_or_another_version_left_behind_is_not_told()
    {
        Board.Write(new("pool", int.MaxValue, "gone", default, 0, null, []));
        await File.WriteAllTextAsync(Path.Combine(_folder, "pool.1.json"), "[]", TestContext.Current.CancellationToken);
        Assert.Empty(Board.Read());
        Assert.Equal(["pool.1.json"], Directory.EnumerateFiles(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_board_that_cannot_be_used_stops_no_request()
    {
        await File.WriteAllTextAsync(_folder, "a file in its place", TestContext.Current.CancellationToken);
        var bench = Bench(2);
        Assert.Null((await bench.AskAsync()).Fault);
        bench.Pass(2);
        Assert.Null((await bench.AskAsync()).Fault);
    }

    [Theory]
    [InlineData("../../pool")]
    [InlineData("a pool/of:two")]
    public void No_name_leaves_the_folder(string name)
    {
        Board.Drain(name, undo: false);
        Assert.Equal([name], Board.Drained());
        Assert.Single(Directory.EnumerateFiles(Path.Combine(_folder, "drained")));
        Board.Drain(name, undo: true);
        Assert.Empty(Board.Drained());
    }
}
