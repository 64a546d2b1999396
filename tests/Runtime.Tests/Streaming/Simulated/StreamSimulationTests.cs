using System.Collections.Concurrent;
using System.Globalization;
using Hybrid.Streaming;

namespace Hybrid.Tests.Streaming.Simulated;

/// <summary>The invariants of the stream over seeded requests in virtual time, with cold starts, cuts, stalls, lies, cancelling and jumping clocks.</summary>
/// <remarks>HYBRID_STREAM_RUNS sets how many, HYBRID_STREAM_SEED where they begin: a failing seed replays exactly.</remarks>
public sealed class StreamSimulationTests
{
    private static readonly int Runs = Number("HYBRID_STREAM_RUNS", 1_000_000);
    private static readonly int FirstSeed = Number("HYBRID_STREAM_SEED", 1);

    [Fact]
    public async Task The_invariants_hold_in_every_run()
    {
        var failures = new ConcurrentBag<string>();
        var reasons = new ConcurrentDictionary<HandoverReason, int>();
        var (completed, moved, byTokens, takenOver) = (0, 0, 0, 0);
        // Away from the tests' own context, so that everything of a run happens on one thread; and not on every thread that the pool
        // has, which would keep the tests beside this one from their sockets for seconds.
        var cores = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount };
        await Task.Run(() => Parallel.For(FirstSeed, FirstSeed + Runs, cores, (seed, loop) =>
        {
            var run = new SimulatedRun(seed);
            if (run.Run() is { } failure)
            {
                failures.Add($"seed {seed}: {failure}\n{run}");
                if (failures.Count > 20) loop.Stop();
                return;
            }

            if (!run.WasAsked) return;
            if (run.Completed) Interlocked.Increment(ref completed);
            if (run.TakenOver > 0) Interlocked.Increment(ref takenOver);
            if (run.Handovers > 0) Interlocked.Increment(ref moved);
            if (run.WentOnFromTokens) Interlocked.Increment(ref byTokens);
            foreach (var reason in run.Reasons) reasons.AddOrUpdate(reason, 1, (_, count) => count + 1);
        }));
        Assert.True(failures.IsEmpty, string.Join('\n', failures.Order()));
        if (Runs < 10_000) return;
        // The runs are of the kind that the invariants are about.
        Assert.True(completed > Runs / 2, $"{completed} completed");
        Assert.True(moved > Runs / 10, $"{moved} moved");
        Assert.True(takenOver > Runs / 200, $"{takenOver} stayed with a pool whose replica failed");
        Assert.True(byTokens > Runs / 100, $"{byTokens} went on from tokens");
        HandoverReason[] seen = [HandoverReason.Fault, HandoverReason.Plan, HandoverReason.Race, HandoverReason.Silence, HandoverReason.Price];
        Assert.All(seen, reason => Assert.True(reasons.GetValueOrDefault(reason) > Runs / 2000, $"{reason}: {reasons.GetValueOrDefault(reason)}"));
    }

    [Theory]
    [InlineData(Bug.LosesAtTheSeam)]
    [InlineData(Bug.RepeatsAtTheSeam)]
    [InlineData(Bug.ForgetsWhatWasSaid)]
    [InlineData(Bug.IgnoresTheZone)]
    [InlineData(Bug.NeverCancels)]
    [InlineData(Bug.LosesAReceipt)]
    public async Task Each_invariant_catches_the_bug_it_is_there_for(Bug bug)
    {
        var caught = await Task.Run(() => Enumerable.Range(1, 5000).Any(seed => new SimulatedRun(seed, bug).Run() is not null));
        Assert.True(caught);
    }

    private static int Number(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
