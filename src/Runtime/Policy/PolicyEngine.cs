using Hybrid.Accounting;

namespace Hybrid.Policy;

/// <summary>Chooses a target: walls first, then the lowest score in dollars.</summary>
public static class PolicyEngine
{
    /// <summary>Decides which targets may take a request, which is best, and why.</summary>
    /// <remarks>
    /// Pure: no clock, no I/O, no state; only the result is allocated. Equal scores keep the order of
    /// <paramref name="targets"/>. A decision without a chosen target is a normal result, not an error.
    /// </remarks>
    public static Decision Decide(in RequestProfile profile, ReadOnlySpan<TargetSnapshot> targets, RoutingPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var assessments = new TargetAssessment[targets.Length];
        var best = 0.0;
        var admitted = 0;
        for (var i = 0; i < targets.Length; i++)
        {
            assessments[i] = Assess(profile, targets[i], policy);
            if (!assessments[i].Admitted) continue;
            best = Math.Max(best, assessments[i].Quality);
            admitted++;
        }

        var order = new TargetAssessment[admitted];
        var count = 0;
        for (var i = 0; i < assessments.Length; i++)
        {
            if (!assessments[i].Admitted) continue;
            var points = (best - assessments[i].Quality) * 100;
            assessments[i] = assessments[i] with { QualityDollars = points * policy.DollarsPerQualityPoint };
            Insert(order, count++, assessments[i]);
        }

        return new Decision { Policy = policy.Name, Profile = profile, Ranking = order, Targets = assessments };
    }

    private static TargetAssessment Assess(in RequestProfile profile, in TargetSnapshot target, RoutingPolicy policy)
    {
        var prediction = Prediction.Of(profile, target);
        return new TargetAssessment
        {
            Name = target.Descriptor.Name,
            Model = target.Descriptor.Model,
            Zone = target.Descriptor.Zone,
            Walls = Walls.Of(profile, target, policy, prediction),
            TimeToFirstToken = Prediction.Span(prediction.FirstTokenSeconds),
            TotalTime = Prediction.Span(prediction.TotalSeconds),
            Joules = prediction.Joules,
            Grams = prediction.Grams,
            Quality = CostModel.Quality(target.Descriptor),
            PriceDollars = prediction.Dollars,
            TimeDollars = prediction.TotalSeconds * policy.DollarsPerSecond,
            CarbonDollars = CostModel.CarbonDollars(prediction.Grams, policy.DollarsPerTonCarbon),
        };
    }

    /// <summary>Insertion keeps equal scores in the order they came.</summary>
    private static void Insert(TargetAssessment[] order, int count, TargetAssessment item)
    {
        var at = count;
        for (; at > 0 && order[at - 1].ScoreDollars > item.ScoreDollars; at--) order[at] = order[at - 1];
        order[at] = item;
    }
}
