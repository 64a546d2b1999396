using Hybrid.Accounting;
using Hybrid.Policy;

namespace Hybrid.Cli.Simulation;

/// <summary>What became of one request, and its score in dollars.</summary>
internal sealed record Outcome
{
    public required TraceRequest Request { get; init; }

    /// <summary>Every attempt in order, the failed and the cancelled ones included.</summary>
    public required IReadOnlyList<SimulatedAttempt> Attempts { get; init; }

    /// <summary>Seconds to the first delivered token.</summary>
    /// <value>Null: none was delivered.</value>
    public double? FirstTokenSeconds { get; init; }

    /// <summary>Seconds to the end, or to where everyone gave up.</summary>
    public required double Seconds { get; init; }

    public required bool Answered { get; init; }

    public required double Dollars { get; init; }

    public required double Grams { get; init; }

    /// <summary>Of the answer, by tokens of those who gave it; 0 where there is none.</summary>
    public required double Quality { get; init; }

    /// <summary>The sum of the terms, settled.</summary>
    public required double Score { get; init; }

    /// <summary>The least score that any choice within the walls could have ended in, in the world as this rule had left it.</summary>
    /// <value>0: nobody asked.</value>
    public double LeastScore { get; init; }

    /// <summary>Whether a zone saw it that may not.</summary>
    public bool Leaked => Attempts.Any(attempt => attempt.Reached && !attempt.Descriptor.Zone.Admits(Request.Privacy));

    public bool LeftTheDevice => Attempts.Any(attempt => attempt.Reached && attempt.Descriptor.Zone != Targets.Zone.Device);

    /// <summary>Settles a request: the price of all attempts, the time until its end, the carbon, and the quality lost.</summary>
    /// <remarks>
    /// An unanswered request counts as waited for until its patience ends, with an answer of quality 0. An answer that is better than the
    /// walls allow gains nothing by it.
    /// </remarks>
    /// <param name="request">What was asked.</param>
    /// <param name="attempts">What was tried.</param>
    /// <param name="endedAt">When it ended.</param>
    /// <param name="answered">Whether the answer is whole.</param>
    /// <param name="policy">What a second, a ton and a point are worth.</param>
    /// <param name="bestQuality">The quality of the best target that the walls admit.</param>
    public static Outcome Of(TraceRequest request, IReadOnlyList<SimulatedAttempt> attempts, double endedAt, bool answered, RoutingPolicy policy, double bestQuality)
    {
        var (dollars, grams, weighted, tokens) = (0.0, 0.0, 0.0, 0);
        double? first = null;
        foreach (var attempt in attempts)
        {
            var receipt = attempt.Receipt();
            dollars += receipt.Dollars;
            grams += receipt.Grams;
            if (attempt.FirstTokenAt is not { } at || attempt.Finish == RequestFinish.Cancelled)
                continue;
            first ??= at - request.At;
            weighted += CostModel.Quality(attempt.Descriptor) * attempt.OutputTokens;
            tokens += attempt.OutputTokens;
        }

        var quality = answered && tokens > 0 ? weighted / tokens : 0;
        var seconds = endedAt - request.At;
        var waited = answered ? seconds : Math.Max(seconds, request.Patience);
        return new()
        {
            Request = request,
            Attempts = attempts,
            FirstTokenSeconds = first,
            Seconds = seconds,
            Answered = answered,
            Dollars = dollars,
            Grams = grams,
            Quality = quality,
            Score = dollars + (waited * policy.DollarsPerSecond) + CostModel.CarbonDollars(grams, policy.DollarsPerTonCarbon)
                + (Math.Max(0, bestQuality - quality) * 100 * policy.DollarsPerQualityPoint),
        };
    }
}
