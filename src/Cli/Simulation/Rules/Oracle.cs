using Hybrid.Policy;

namespace Hybrid.Cli.Simulation.Rules;

/// <summary>Knows what each target would make of this request now, and takes the one with the least true score.</summary>
/// <remarks>
/// It knows the answer's length, the noise of this very attempt, the true queue, cold start and drift, every fault and outage ahead, and
/// what would come after a fault. It does not know later requests, and so not what its choice costs them: it is the best that a choice
/// request by request can be, not a plan of the whole day. It keeps the same walls.
/// </remarks>
internal sealed class Oracle(IReadOnlyList<SimulatedTarget> targets, Admission admission, RoutingPolicy policy) : IRoutingRule
{
    public string Name => "oracle";

    public Choice Choose(TraceRequest request, World world, double now) => new(Best(request, world, now).Order);

    /// <summary>The least score that a choice at this moment, in this world, can end in.</summary>
    public double LeastScore(TraceRequest request, World world, double now) => Best(request, world, now).Score;

    private (double Score, IReadOnlyList<int> Order) Best(TraceRequest request, World world, double now)
    {
        int[] admitted = [.. Enumerable.Range(0, targets.Count).Where(i => admission.Admits(i, request))];
        return Best(request, world, admission.BestQuality(request), admitted, [], now, 0);
    }

    private (double Score, IReadOnlyList<int> Order) Best(
        TraceRequest request, World world, double bestQuality, int[] left, List<SimulatedAttempt> before, double now, int delivered)
    {
        var best = Outcome.Of(request, before, now, answered: false, policy, bestQuality).Score;
        IReadOnlyList<int> order = [];
        foreach (var target in left)
        {
            var attempt = world.Foresee(target, request, delivered, now);
            List<SimulatedAttempt> attempts = [.. before, attempt];
            var (score, rest) = attempt.Completed || attempt.Error == HybridError.DeadlineExceeded
                ? (Outcome.Of(request, attempts, attempt.EndAt, attempt.Completed, policy, bestQuality).Score, [])
                : Best(request, world, bestQuality, [.. left.Where(other => other != target)], attempts, attempt.EndAt, delivered + attempt.OutputTokens);
            if (order.Count > 0 && score >= best)
                continue;
            best = score;
            order = [target, .. rest];
        }

        return (best, order);
    }
}
