using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Warmth;

/// <summary>What it is worth that a pool is warm, and whether that pays. Pure.</summary>
internal static class WarmthRule
{
    /// <summary>Nobody's machine is woken for a request that will hardly come, though it cost nothing.</summary>
    public const double LeastChance = 0.1;

    /// <summary>What a request would save if a target were warm, in the policy's dollars: waiting, quality and the price of waking it; 0 or more.</summary>
    /// <param name="profile">What is asked.</param>
    /// <param name="targets">Who could answer.</param>
    /// <param name="policy">Whose prices.</param>
    /// <param name="place">The target.</param>
    public static double SavingDollars(in RequestProfile profile, ReadOnlySpan<TargetSnapshot> targets, RoutingPolicy policy, int place)
    {
        var seen = targets.ToArray();
        seen[place] = seen[place] with { State = new(TargetReadiness.Cold) };
        var (cold, coldQuality) = Best(profile, seen, policy);
        seen[place] = seen[place] with { State = TargetState.Warm };
        var (warm, warmQuality) = Best(profile, seen, policy);
        if (warm is not { } best) return 0;
        // Where nobody else may answer, the request waits for it.
        var worse = cold ?? best + (seen[place].Rates.ColdStart.TotalSeconds * policy.DollarsPerSecond) + CostModel.WakingDollars(seen[place].Descriptor);
        return Math.Max(worse - best + ((warmQuality - coldQuality) * 100 * policy.DollarsPerQualityPoint), 0);
    }

    /// <summary>What it costs to have it warm for as long as it then stays so.</summary>
    public static double PriceDollars(in TargetSnapshot target) => target.PriceFactor
        * (target.State.Readiness == TargetReadiness.Warm ? target.Descriptor.IdleDollarsPerHour * target.Descriptor.StaysWarm.TotalHours : CostModel.WakingDollars(target.Descriptor));

    /// <summary>Whether to have it warm: the chance that a request comes in that time, times what the first one saves, against the price.</summary>
    /// <param name="expected">Requests expected in that time; the chance of any is 1 - e^-n.</param>
    /// <param name="savingDollars">What one saves.</param>
    /// <param name="priceDollars">What warmth costs.</param>
    public static bool Pays(double expected, double savingDollars, double priceDollars)
    {
        var chance = 1 - Math.Exp(-expected);
        return chance >= LeastChance && savingDollars > 0 && chance * savingDollars > priceDollars;
    }

    /// <summary>The lowest score of all plans, silence priced as the planner of bridges does, and the best quality that could be had.</summary>
    private static (double? Dollars, double Quality) Best(in RequestProfile profile, ReadOnlySpan<TargetSnapshot> targets, RoutingPolicy policy)
    {
        var scores = new TargetScore[targets.Length];
        PolicyEngine.Score(profile, targets, policy, scores);
        var (least, quality) = ((double?)null, 0.0);
        foreach (ref readonly var score in scores.AsSpan())
        {
            if (!score.Admitted) continue;
            least = Math.Min(least ?? double.PositiveInfinity, BridgePlanner.Alone(profile, score, policy));
            quality = Math.Max(quality, score.Quality);
        }

        if (BridgePlanner.Find(profile, targets, policy, scores) is { } plan)
        {
            least = plan.Bridge.ScoreDollars;
            quality = Math.Max(quality, scores[plan.Primary].Quality);
        }

        return (least, quality);
    }
}
