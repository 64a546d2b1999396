using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Streaming;

/// <summary>Whether the rest of an answer is better decoded elsewhere. Pure.</summary>
/// <remarks>
/// Staying costs the decode of what is still expected; moving costs that and everything a fresh request would: queue, round trip, prefill
/// of the prompt and of what was said. Both are weighed by the policy's terms, and a move that does not clearly pay is not made.
/// </remarks>
internal static class HandoverRule
{
    /// <summary>Predictions are not so good that less should move a stream.</summary>
    private const double LeastGain = 0.1;

    /// <summary>Fewer tokens are not worth a seam.</summary>
    private const int LeastRest = 16;

    /// <summary>A cap must leave room for what is said until the next look and while the stream moves.</summary>
    private const double SecondsToMove = 3;

    /// <param name="profile">What was asked.</param>
    /// <param name="targets">Everybody, as they are now.</param>
    /// <param name="policy">What counts.</param>
    /// <param name="speaker">Who speaks.</param>
    /// <param name="said">Tokens that were said.</param>
    /// <param name="spent">Dollars and grams that were spent.</param>
    /// <param name="elapsed">Time since it was asked.</param>
    /// <param name="mayGoOn">Whether a target may be asked.</param>
    /// <returns>Who should go on and why; null: the speaker.</returns>
    public static (string Target, HandoverReason Reason)? Find(
        in RequestProfile profile, TargetSnapshot[] targets, RoutingPolicy policy, string speaker, int said, (double Dollars, double Grams) spent, TimeSpan elapsed, Func<TargetDescriptor, bool> mayGoOn)
    {
        var at = Array.FindIndex(targets, target => target.Descriptor.Name == speaker);
        var rest = Rest(profile, said);
        if (at < 0 || rest < LeastRest)
            return null;
        var left = policy with { MaxDollarsPerRequest = Left(policy.MaxDollarsPerRequest, spent.Dollars), MaxGramsPerRequest = Left(policy.MaxGramsPerRequest, spent.Grams), MaxTimeToFirstToken = null };
        var asked = profile with
        {
            ContinuationTokens = profile.ContinuationTokens + said,
            ExpectedOutputTokens = rest,
            OutputTokensAtQuantile = null,
            MaxTimeToFirstToken = null,
            MaxOutputTokens = profile.MaxOutputTokens is { } most ? Math.Max(most - said, 1) : null,
            DollarsLeft = Left(profile.DollarsLeft, spent.Dollars),
            GramsLeft = Left(profile.GramsLeft, spent.Grams),
            TimeLeft = profile.TimeLeft is { } time ? TimeSpan.FromTicks(Math.Max((time - elapsed).Ticks, 1)) : null,
        };
        var scores = new TargetScore[targets.Length];
        PolicyEngine.Score(asked, targets, left, scores);
        var best = -1;
        for (var i = 0; i < targets.Length; i++)
        {
            if (i == at || !scores[i].Admitted || targets[i].State.Readiness != TargetReadiness.Warm || !targets[i].Descriptor.Capabilities.HasFlag(TargetCapabilities.Continuation) || !mayGoOn(targets[i].Descriptor))
                continue;
            if (best < 0 || scores[i].ScoreDollars < scores[best].ScoreDollars)
                best = i;
        }

        if (best < 0)
            return null;
        if (scores[at].Walls.Has(Wall.Battery))
            return (targets[best].Descriptor.Name, HandoverReason.Battery);
        var stay = Staying(targets[at], policy, rest, scores[at].Quality, scores[best], out _, out _);
        Staying(targets[at], policy, rest + (int)(SecondsToMove * targets[at].Rates.DecodeTokensPerSecond), scores[at].Quality, scores[best], out var dollars, out var grams);
        if (dollars > left.MaxDollarsPerRequest || grams > left.MaxGramsPerRequest)
            return (targets[best].Descriptor.Name, HandoverReason.Cap);
        return stay - scores[best].ScoreDollars > LeastGain * stay ? (targets[best].Descriptor.Name, HandoverReason.Price) : null;
    }

    /// <summary>Tokens that are still expected: once more was said than was expected, a quarter as much again.</summary>
    private static int Rest(in RequestProfile profile, int said)
    {
        var rest = Math.Max(profile.ExpectedOutputTokens - said, said / 4);
        return profile.MaxOutputTokens is { } most ? Math.Min(rest, most - said) : rest;
    }

    private static double Staying(in TargetSnapshot speaker, RoutingPolicy policy, int rest, double quality, in TargetScore other, out double dollars, out double grams)
    {
        var seconds = rest / speaker.Rates.DecodeTokensPerSecond * speaker.Rates.PerTokenSpread.At(RatioBand.Find(policy.LatencyQuantile));
        var busy = Prediction.Span(rest / speaker.Rates.DecodeTokensPerSecond);
        dollars = speaker.PriceFactor * CostModel.Dollars(speaker.Descriptor, 0, 0, rest, busy);
        grams = CostModel.Grams(CostModel.Joules(speaker.Descriptor, rest, busy), speaker.GramsPerKilowattHour);
        return dollars + (seconds * (1 + speaker.Rates.FailureProbability) * policy.DollarsPerSecond) + CostModel.CarbonDollars(grams, policy.DollarsPerTonCarbon)
            + ((other.Quality - quality) * 100 * policy.DollarsPerQualityPoint) + other.QualityDollars + speaker.LearnedDollars;
    }

    /// <summary>What is left of a cap; where nothing is, so little that only what is free passes.</summary>
    private static double? Left(double? cap, double spent) => cap is { } most ? Math.Max(most - spent, double.Epsilon) : null;
}
