using System.Runtime.InteropServices;
using Hybrid.Accounting;
using Hybrid.Targets;

namespace Hybrid.Policy;

/// <summary>Finds the pair of targets that answers best together: one that speaks at once, and one that takes long to start and does the rest.</summary>
/// <remarks>
/// <para>With TTFT t_b and rate r_b of the first and TTFT t_p of the second, n_b = (t_p - t_b)·r_b tokens come from the first, where r_b
/// counts up to the pace of delivery, and the other n - n_b from the second, which prefills them besides the prompt. Price, energy and
/// quality are those of both parts, the time is t_p and the decode of the rest, or its delivery where that is slower. The pair is
/// weighed by the terms of the policy like any single target, so that one that does not pay is not made. For both, the silence before
/// the first word is priced once more, as waiting: to end it is what a bridge is for, and the total time does not know it. The first is
/// the one that is soonest, or the one that is best alone.</para>
/// <para>Pure. Answers with tools, a format or scores are not divided: what was said so far may be no whole part of them.</para>
/// </remarks>
internal static class BridgePlanner
{
    /// <summary>Nobody is asked to speak first for less.</summary>
    public static readonly TimeSpan LeastLead = TimeSpan.FromSeconds(0.25);

    /// <summary>Walls that a target may hit which speaks first: the whole answer would hit them, and both parts together are held to them.</summary>
    private static readonly WallSet OfTheWhole = default(WallSet).With(Wall.Price, true).With(Wall.Carbon, true).With(Wall.Deadline, true).With(Wall.Budget, true);

    /// <summary>The wall that a target may hit which another speaks for.</summary>
    private static readonly WallSet OfTheStart = default(WallSet).With(Wall.FirstToken, true);

    private const double MostOfAnswer = 0.9; // whoever says more may as well say all

    /// <returns>The place of the second target and what is planned; null where one target alone is as good.</returns>
    public static (int Primary, Bridge Bridge)? Find(in RequestProfile profile, ReadOnlySpan<TargetSnapshot> targets, RoutingPolicy policy, ReadOnlySpan<TargetScore> scores)
    {
        const TargetCapabilities Plain = TargetCapabilities.Chat | TargetCapabilities.Text | TargetCapabilities.Tokens;
        if (!policy.Handover || (profile.Needs & ~Plain) != TargetCapabilities.None)
            return null;
        var (best, soonest) = (-1, -1);
        var most = 0.0;
        for (var i = 0; i < targets.Length; i++)
        {
            if (scores[i].Walls.IsWithin(OfTheStart))
                most = Math.Max(most, scores[i].Quality);
            if (scores[i].Admitted && (best < 0 || Alone(profile, scores[i], policy) < Alone(profile, scores[best], policy)))
                best = i;
            if (scores[i].Walls.IsWithin(OfTheWhole) && (soonest < 0 || scores[i].Prediction.FirstTokenSeconds < scores[soonest].Prediction.FirstTokenSeconds))
                soonest = i;
        }

        if (soonest < 0)
            return null;
        double? alone = best >= 0 ? Alone(profile, scores[best], policy) : null;
        var least = alone ?? double.PositiveInfinity;
        var (primary, bridging) = (-1, -1);
        Plan plan = default;
        for (var i = 0; i < targets.Length; i++)
        {
            if (!scores[i].Walls.IsWithin(OfTheStart) || !targets[i].Descriptor.Capabilities.HasFlag(TargetCapabilities.Continuation))
                continue;
            // Every pair would take the square of their number; who speaks first is soon, or good.
            for (var first = soonest; first >= 0; first = first == soonest && best != soonest ? best : -1)
            {
                if (first == i || Pair(profile, targets[first], targets[i], policy, scores[first], scores[i], most) is not { } pair || !(pair.ScoreDollars < least))
                    continue;
                (primary, bridging, plan, least) = (i, first, pair, pair.ScoreDollars);
            }
        }

        return primary < 0
            ? null
            : (primary, new(targets[bridging].Descriptor.Name, plan.Tokens, Prediction.Span(plan.AfterSeconds), plan.ScoreDollars, best >= 0 ? targets[best].Descriptor.Name : null, alone));
    }

    /// <summary>The score of one target alone, the silence before its first word counted once more.</summary>
    internal static double Alone(in RequestProfile profile, in TargetScore score, RoutingPolicy policy) =>
        score.ScoreDollars + ((score.Prediction.FirstTokenSeconds + PacedSeconds(profile.ExpectedOutputTokens, score.Prediction, policy)) * policy.DollarsPerSecond);

    private static Plan? Pair(in RequestProfile profile, in TargetSnapshot first, in TargetSnapshot second, RoutingPolicy policy, in TargetScore firstScore, in TargetScore secondScore, double most)
    {
        var lead = secondScore.Prediction.FirstTokenSeconds - firstScore.Prediction.FirstTokenSeconds;
        var spoken = (int)Math.Ceiling(lead * Math.Min(first.Rates.DecodeTokensPerSecond, policy.TokensPerSecond ?? double.PositiveInfinity));
        if (lead < LeastLead.TotalSeconds || spoken < 1 || spoken > profile.ExpectedOutputTokens * MostOfAnswer)
            return null;
        var rest = profile.ExpectedOutputTokens - spoken;
        var quantile = policy.LatencyQuantile;
        var spokenPart = Prediction.Of(profile with { ExpectedOutputTokens = spoken, OutputTokensAtQuantile = null }, first, quantile);
        var restPart = Prediction.Of(
            profile with { ContinuationTokens = profile.ContinuationTokens + spoken, ExpectedOutputTokens = rest, OutputTokensAtQuantile = Math.Max((profile.OutputTokensAtQuantile ?? profile.ExpectedOutputTokens) - spoken, rest) },
            second,
            quantile);
        var (dollars, grams) = (spokenPart.Dollars + restPart.Dollars, spokenPart.Grams + restPart.Grams);
        if (dollars > policy.MaxDollarsPerRequest || dollars > profile.DollarsLeft || grams > policy.MaxGramsPerRequest || grams > profile.GramsLeft || restPart.TotalSeconds > profile.TimeLeft?.TotalSeconds)
            return null;
        var quality = ((spoken * firstScore.Quality) + (rest * secondScore.Quality)) / profile.ExpectedOutputTokens;
        var score = dollars
            + (((restPart.TotalSeconds * (1 + second.Rates.FailureProbability)) + firstScore.Prediction.FirstTokenSeconds + PacedSeconds(rest, restPart, policy)) * policy.DollarsPerSecond)
            + CostModel.CarbonDollars(grams, policy.DollarsPerTonCarbon)
            + ((most - quality) * 100 * policy.DollarsPerQualityPoint)
            + secondScore.LearnedDollars;
        return new(spoken, restPart.FirstTokenSeconds, score);
    }

    /// <summary>How much longer the answer takes to deliver than to decode.</summary>
    private static double PacedSeconds(int tokens, in Prediction decoded, RoutingPolicy policy) =>
        policy.TokensPerSecond is { } pace ? Math.Max((tokens / pace) - (decoded.TotalSeconds - decoded.FirstTokenSeconds), 0) : 0;

    /// <summary>A pair's figures, as in <see cref="Bridge"/>.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Plan(int Tokens, double AfterSeconds, double ScoreDollars);
}
