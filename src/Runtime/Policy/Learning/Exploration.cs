namespace Hybrid.Policy.Learning;

/// <summary>Tries a target near the best now and then, at a bounded rate and cost; among those that may be used only.</summary>
/// <remarks>
/// Every near target is as likely as any other, however little is known of it: that is easy to check from the log, and
/// estimates from such a log need no model of what was known when.
/// </remarks>
internal static class Exploration
{
    /// <summary>No policy explores more often.</summary>
    public const double MostRate = 0.2;

    /// <summary>Chooses, and says how likely each target was.</summary>
    /// <param name="scores">Every target's.</param>
    /// <param name="best">The place of the best; -1 where none may be used.</param>
    /// <param name="policy">How often, and how far behind the best.</param>
    /// <param name="draw">Even chance of 0 to below 1.</param>
    /// <param name="propensities">Receives the chance of each place.</param>
    /// <returns>The chosen place.</returns>
    public static int Choose(ReadOnlySpan<TargetScore> scores, int best, RoutingPolicy policy, double draw, Span<double> propensities)
    {
        propensities.Clear();
        if (best < 0)
            return -1;
        var near = 0;
        for (var i = 0; i < scores.Length; i++)
            near += IsNear(scores, best, i, policy) ? 1 : 0;
        var rate = near == 0 ? 0 : Math.Clamp(policy.ExplorationRate, 0, MostRate);
        propensities[best] = 1 - rate;
        var nth = draw < rate ? Math.Clamp((int)(draw / rate * near), 0, near - 1) : -1;
        var chosen = best;
        for (var i = 0; i < scores.Length && rate > 0; i++)
        {
            if (!IsNear(scores, best, i, policy))
                continue;
            propensities[i] = rate / near;
            if (nth-- == 0)
                chosen = i;
        }

        return chosen;
    }

    private static bool IsNear(ReadOnlySpan<TargetScore> scores, int best, int place, RoutingPolicy policy) =>
        place != best && scores[place].Admitted && scores[place].ScoreDollars - scores[best].ScoreDollars <= policy.MaxExplorationDollars;
}
