using Hybrid.Accounting;
using Hybrid.Policy.Learning;

namespace Hybrid.Policy;

/// <summary>Chooses a target: walls first, then the lowest score in dollars.</summary>
public static class PolicyEngine
{
    /// <summary>Decides which targets may take a request, which is best, and why.</summary>
    /// <remarks>
    /// Pure: no clock, no I/O, no state; only the result is allocated, its words when they are read. Equal scores keep the order
    /// of <paramref name="targets"/>. A decision without a chosen target is a normal result, not an error.
    /// </remarks>
    public static Decision Decide(in RequestProfile profile, ReadOnlySpan<TargetSnapshot> targets, RoutingPolicy policy)
    {
        var scores = new TargetScore[targets.Length];
        Score(profile, targets, policy, scores);
        return new Decision(profile, targets.ToArray(), policy, scores);
    }

    /// <summary>Decides, but tries a target near the best as often as the policy wants; pure too, the chance being given.</summary>
    /// <param name="profile">What is asked.</param>
    /// <param name="targets">Who could answer.</param>
    /// <param name="policy">What counts.</param>
    /// <param name="draw">Even chance of 0 to below 1.</param>
    internal static Decision Explore(in RequestProfile profile, ReadOnlySpan<TargetSnapshot> targets, RoutingPolicy policy, double draw)
    {
        var scores = new TargetScore[targets.Length];
        var best = Score(profile, targets, policy, scores);
        var propensities = new double[targets.Length];
        var place = Exploration.Choose(scores, best, policy, draw, propensities);
        return new Decision(profile, targets.ToArray(), policy, scores, place == best ? -1 : place, propensities);
    }

    /// <summary>Scores every target and names the best; allocates nothing.</summary>
    /// <param name="profile">What is asked.</param>
    /// <param name="targets">Who could answer.</param>
    /// <param name="policy">What counts.</param>
    /// <param name="scores">Receives a score for each target; at least as long as <paramref name="targets"/>.</param>
    /// <returns>The place of the target with the lowest score, the first of equals; -1 where every one hit a wall.</returns>
    public static int Score(in RequestProfile profile, ReadOnlySpan<TargetSnapshot> targets, RoutingPolicy policy, Span<TargetScore> scores)
    {
        ArgumentNullException.ThrowIfNull(policy);
        if (scores.Length < targets.Length)
            throw new ArgumentException($"It has room for {scores.Length} scores and there are {targets.Length} targets.", nameof(scores));
        var most = 0.0;
        for (var i = 0; i < targets.Length; i++)
        {
            scores[i] = Score(profile, targets[i], policy);
            if (scores[i].Admitted)
                most = Math.Max(most, scores[i].Quality);
        }

        var best = -1;
        for (var i = 0; i < targets.Length; i++)
        {
            if (!scores[i].Admitted)
                continue;
            scores[i] = scores[i] with { QualityDollars = (most - scores[i].Quality) * 100 * policy.DollarsPerQualityPoint };
            if (best < 0 || scores[i].ScoreDollars < scores[best].ScoreDollars)
                best = i;
        }

        return best;
    }

    private static TargetScore Score(in RequestProfile profile, in TargetSnapshot target, RoutingPolicy policy)
    {
        var prediction = Prediction.Of(profile, target, policy.LatencyQuantile);
        return new()
        {
            Prediction = prediction,
            Walls = Walls.Check(profile, target, policy, prediction),
            Quality = CostModel.Quality(target.Descriptor),
            // An attempt that fails is taken to cost its time once more.
            TimeDollars = prediction.TotalSeconds * (1 + target.Rates.FailureProbability) * policy.DollarsPerSecond,
            CarbonDollars = CostModel.CarbonDollars(prediction.Grams, policy.DollarsPerTonCarbon),
            LearnedDollars = target.LearnedDollars,
        };
    }
}
