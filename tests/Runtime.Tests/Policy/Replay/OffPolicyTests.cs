using Hybrid.Policy;
using Hybrid.Policy.Replay;

namespace Hybrid.Tests.Policy.Replay;

public class OffPolicyTests
{
    private const int Runs = 200;
    private const int Requests = 1000;
    private static readonly RoutingPolicy Logged = PolicyPresets.Frugal with { Name = "logged", ExplorationRate = 0.2, MaxExplorationDollars = 10 };
    private static readonly RoutingPolicy Other = PolicyPresets.Balanced with { Name = "other", DollarsPerSecond = 0.00006, DollarsPerQualityPoint = 0.000015 };

    [Fact]
    public void With_exploration_the_estimate_is_unbiased_and_its_interval_holds_the_truth_95_times_of_100()
    {
        var truth = new ReplaySimulation(99).Truth(Other, 200_000);
        var (held, sum, moved) = (0, 0.0, 0.0);
        for (var run = 0; run < Runs; run++)
        {
            var report = new ReplaySimulation(run).Replay(Logged, Other, Requests);
            var after = report.Metrics[1].After!;
            held += after.Low <= truth && truth <= after.High ? 1 : 0;
            sum += after.Mean;
            moved += report.MovedShare;
            Assert.StartsWith("doubly robust: ", report.Method, StringComparison.Ordinal);
            Assert.Equal((Requests, 0), (report.Corrected, report.ModelOnly));
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"held {held} of {Runs}; bias {((sum / Runs) / truth) - 1:P2}; moved {moved / Runs:P0}");
        Assert.InRange(moved / Runs, 0.2, 0.9); // else there would be nothing to estimate
        Assert.InRange(held, 180, 198); // binomial of 200 and 0.95: 190 and 3 standard deviations
        Assert.InRange((sum / Runs) - truth, -0.01 * truth, 0.01 * truth);
    }

    [Fact]
    public void Without_exploration_it_says_that_the_model_speaks_and_is_as_wrong_as_the_model()
    {
        var truth = new ReplaySimulation(99).Truth(Other, 200_000);
        var report = new ReplaySimulation(1).Replay(Logged with { ExplorationRate = 0 }, Other, Requests);
        Assert.StartsWith("direct: ", report.Method, StringComparison.Ordinal);
        Assert.Equal(report.Moved, report.ModelOnly);
        Assert.True(report.Metrics[1].After!.High < 0.85 * truth, "the far target says that it is three times as fast as it is");
    }

    [Fact]
    public void Few_requests_have_wide_intervals_and_one_has_none()
    {
        var few = new ReplaySimulation(3).Replay(Logged, Other, 20).Metrics[1].After!;
        var many = new ReplaySimulation(3).Replay(Logged, Other, 2000).Metrics[1].After!;
        Assert.True(few.High - few.Low > 3 * (many.High - many.Low));
        Assert.Null(new ReplaySimulation(3).Replay(Logged, Other, 1).Metrics[1].After!.Low);
        Assert.Null(Estimate.Of([]));
    }
}
