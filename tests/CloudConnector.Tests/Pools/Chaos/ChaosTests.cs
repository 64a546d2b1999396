using System.Collections.Concurrent;
using System.Globalization;

namespace Hybrid.CloudConnector.Tests.Pools.Chaos;

/// <summary>What a pool promises, over seeded scenarios in virtual time: replicas that die, hang, refuse, cut, trickle and lie.</summary>
/// <remarks>HYBRID_POOL_RUNS sets how many, HYBRID_POOL_SEED where they begin: a failing seed replays exactly.</remarks>
public sealed class ChaosTests
{
    private static readonly int Runs = Number("HYBRID_POOL_RUNS", 10_000);
    private static readonly int FirstSeed = Number("HYBRID_POOL_SEED", 1);

    [Fact]
    public async Task No_pool_breaks_a_promise_whatever_its_replicas_do()
    {
        var failures = new ConcurrentBag<string>();
        var (completed, takenOver, ejected, again, wasted) = (0, 0, 0, 0, 0);
        // Away from the tests' own context, so that everything of a run happens on one thread; and not on every thread that the pool
        // has, which would keep the tests beside this one from their sockets for seconds.
        var cores = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount };
        await Task.Run(() => Parallel.For(FirstSeed, FirstSeed + Runs, cores, (seed, loop) =>
        {
            var run = new ChaosRun(seed);
            if (run.Run() is { } failure)
            {
                failures.Add($"seed {seed}: {failure}\n{run}");
                if (failures.Count > 3) loop.Stop();
                return;
            }

            Interlocked.Add(ref completed, run.Completed);
            Interlocked.Add(ref takenOver, run.TakenOver);
            Interlocked.Add(ref again, run.Again);
            Interlocked.Add(ref wasted, run.Wasted);
            if (run.Ejected > 0) Interlocked.Increment(ref ejected);
        }));
        Assert.True(failures.IsEmpty, string.Join('\n', failures.Order()));
        TestContext.Current.TestOutputHelper?.WriteLine($"{Runs} scenarios: {completed} answers completed, {takenOver} replicas taken over from in mid-stream, {again} retries and hedges, {wasted} tokens wasted, {ejected} scenarios with an ejection");
        if (Runs < 1000) return;
        // The scenarios are of the kind that the promises are about.
        Assert.True(completed > Runs * 5 && takenOver > Runs && again > Runs && wasted > Runs && ejected > Runs / 10, $"{completed} {takenOver} {again} {wasted} {ejected}");
    }

    [Theory]
    [InlineData(PoolBug.EjectsAll, " replicas were out")]
    [InlineData(PoolBug.Stampedes, " retries ")]
    [InlineData(PoolBug.WastesTokens, " tokens were wasted")]
    [InlineData(PoolBug.NeverCancels, " is still decoding")]
    [InlineData(PoolBug.ForgetsWhatWasSaid, " and its model says ")]
    [InlineData(PoolBug.HidesAttempts, " are in the ledger")]
    public async Task Each_promise_catches_the_bug_it_is_there_for(PoolBug bug, string by)
    {
        var caught = await Task.Run(() => Enumerable.Range(1, 2000).Any(seed => new ChaosRun(seed, bug).Run()?.Contains(by, StringComparison.Ordinal) == true));
        Assert.True(caught);
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_run()
    {
        foreach (var seed in Enumerable.Range(1, 20))
        {
            var (one, other) = (new ChaosRun(seed), new ChaosRun(seed));
            await Task.Run(() => (one.Run(), other.Run()));
            Assert.Equal(one.ToString(), other.ToString());
        }
    }

    private static int Number(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
