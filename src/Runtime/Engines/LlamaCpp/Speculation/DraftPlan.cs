using Hybrid.Engines.LlamaCpp.Batching;

namespace Hybrid.Engines.LlamaCpp.Speculation;

/// <summary>Decides how many drafted tokens a step should verify: as many as save more time than they cost.</summary>
internal static class DraftPlan
{
    public const int Most = 15;

    // Below this, a size whose cost is not known yet is not tried.
    private const double WorthATrial = 0.6;
    private static readonly int[] Lengths = [1, 3, 7, Most];

    /// <summary>The best number of drafts, 0 where none pays.</summary>
    /// <param name="costs">Measured step costs.</param>
    /// <param name="tokens">What the step decodes anyway.</param>
    /// <param name="sequences">Requests in the step; a saved token is worth their common step divided by them.</param>
    /// <param name="rate">The chance that a draft is right, 0 to 1.</param>
    /// <param name="most">Drafts that may be verified.</param>
    /// <param name="secondsPerDraft">What making one costs.</param>
    public static int Length(StepCosts costs, int tokens, int sequences, double rate, int most, double secondsPerDraft = 0)
    {
        var (best, bestGain) = (0, 0d);
        var alone = costs.Of(tokens);
        foreach (var length in Lengths)
        {
            if (length > most || tokens + length > costs.Largest || (!costs.Knows(tokens + length) && rate < WorthATrial))
                continue;
            var gain = (Accepted(rate, length) * alone / sequences) - (costs.Of(tokens + length) - alone) - (length * secondsPerDraft);
            if (gain > bestGain)
                (best, bestGain) = (length, gain);
        }

        return best;
    }

    /// <summary>Drafts expected to be accepted in a row: r + r² + … + rⁿ (Leviathan et al. 2023, eq. 1, less the token that comes anyway).</summary>
    private static double Accepted(double rate, int length)
    {
        var (sum, power) = (0d, 1d);
        for (var i = 0; i < length; i++)
            sum += power *= rate;
        return sum;
    }
}
