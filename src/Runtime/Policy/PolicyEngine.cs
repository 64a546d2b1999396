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
        var terms = RequestTerms.Of(profile, policy);
        var most = 0.0;
        for (var i = 0; i < targets.Length; i++)
        {
            ref var score = ref scores[i];
            Score(profile, targets[i], policy, terms, ref score);
            if (score.Admitted)
                most = Math.Max(most, score.Quality);
        }

        var best = -1;
        var least = 0.0;
        for (var i = 0; i < targets.Length; i++)
        {
            ref var score = ref scores[i];
            if (!score.Admitted)
                continue;
            score.QualityDollars = (most - score.Quality) * 100 * policy.DollarsPerQualityPoint;
            var dollars = score.ScoreDollars;
            if (best < 0 || dollars < least)
                (best, least) = (i, dollars);
        }

        return best;
    }

    private static void Score(in RequestProfile profile, in TargetSnapshot target, RoutingPolicy policy, in RequestTerms terms, ref TargetScore score)
    {
        var prediction = Prediction.Of(profile, target, terms.Quantile);
        score.Prediction = prediction;
        score.Quality = CostModel.Quality(target.Descriptor);
        score.TimeDollars = prediction.TotalSeconds * (1 + target.Rates.FailureProbability) * policy.DollarsPerSecond; // an attempt that fails is taken to cost its time once more
        score.CarbonDollars = CostModel.CarbonDollars(prediction.Grams, policy.DollarsPerTonCarbon);
        score.QualityDollars = 0;
        score.LearnedDollars = target.LearnedDollars;
        // What is no number, a weight too, would win or lose every comparison.
        var comparable = prediction.IsUsable && double.IsFinite(score.ScoreDollars + (score.Quality * policy.DollarsPerQualityPoint));
        score.Walls = Walls.Check(profile, target, policy, prediction, terms).With(Wall.Figures, !comparable);
    }
}
