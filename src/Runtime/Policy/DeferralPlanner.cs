using Hybrid.Accounting;

namespace Hybrid.Policy;

/// <summary>Places a request that can wait in the slot with the lowest expected score. Pure.</summary>
/// <remarks>
/// A slot begins where a forecast or a price schedule changes; waiting for it costs nothing. In a slot the score is worked out with
/// its intensities and prices and everything else as it is now; a grid without a forecast for it stays as it is now. Scores of
/// different slots are compared with quality against the same mark, for a slot may admit other targets.
/// </remarks>
internal static class DeferralPlanner
{
    /// <summary>No forecast reaches further.</summary>
    public static readonly TimeSpan Horizon = TimeSpan.FromDays(7);

    /// <summary>Finds the slot: the first of the cheapest; at once where none is cheaper.</summary>
    /// <param name="profile">What is asked; without <see cref="RequestProfile.CanWaitUntil"/> it cannot wait.</param>
    /// <param name="targets">The targets as they are now.</param>
    /// <param name="grids">What is known of each target's grid; null where nothing is.</param>
    /// <param name="policy">What counts.</param>
    /// <param name="now">The time.</param>
    public static Deferral Plan(in RequestProfile profile, ReadOnlySpan<TargetSnapshot> targets, ReadOnlySpan<GridReading?> grids, RoutingPolicy policy, DateTimeOffset now)
    {
        var until = profile.CanWaitUntil ?? now;
        if (until <= now) return new(now, until, now, "that time has passed");
        // An answer must be complete by both; the wall of the deadline then removes what would be late.
        var end = profile.TimeLeft is { } left && left < until - now ? now + left : until;
        var slots = Slots(targets, grids, now, end - now < Horizon ? end : now + Horizon);
        if (slots.Count == 0) return new(now, until, now, NoForecast(grids));

        var at = now;
        var (first, firstCost) = Cost(profile, targets, policy);
        var (best, cost) = (first, firstCost);
        var then = new TargetSnapshot[targets.Length];
        foreach (var slot in slots)
        {
            Expect(targets, grids, slot, then);
            var (chosen, expected) = Cost(profile with { TimeLeft = end - slot }, then, policy);
            if (expected < cost) (at, best, cost) = (slot, chosen, expected);
        }

        if (at == now) return new(now, until, now, "no later slot is expected to score lower");
        Expect(targets, grids, at, then);
        return new(now, until, at, Why(targets, first, then, best, firstCost - cost));
    }

    /// <summary>The lowest score, with quality against the best there could be; infinite where nobody may take it.</summary>
    private static (int Best, double Dollars) Cost(in RequestProfile profile, ReadOnlySpan<TargetSnapshot> targets, RoutingPolicy policy)
    {
        var scores = new TargetScore[targets.Length];
        var best = PolicyEngine.Score(profile, targets, policy, scores);
        if (best < 0) return (best, double.PositiveInfinity);
        var score = scores[best];
        return (best, score.ScoreDollars - score.QualityDollars + ((1 - score.Quality) * 100 * policy.DollarsPerQualityPoint));
    }

    private static SortedSet<DateTimeOffset> Slots(ReadOnlySpan<TargetSnapshot> targets, ReadOnlySpan<GridReading?> grids, DateTimeOffset now, DateTimeOffset end)
    {
        var slots = new SortedSet<DateTimeOffset>();
        for (var i = 0; i < targets.Length; i++)
        {
            if (IsForecast(targets[i], grids[i]))
            {
                foreach (var point in grids[i]!.Forecast)
                    if (point.From > now && point.From < end) slots.Add(point.From);
            }

            if (targets[i].Descriptor.Schedule is { } schedule) slots.UnionWith(schedule.Changes(now, end));
        }

        return slots;
    }

    private static void Expect(ReadOnlySpan<TargetSnapshot> targets, ReadOnlySpan<GridReading?> grids, DateTimeOffset slot, Span<TargetSnapshot> then)
    {
        for (var i = 0; i < targets.Length; i++)
        {
            then[i] = targets[i];
            if (IsForecast(targets[i], grids[i]) && grids[i]!.ExpectedAt(slot) is { } expected)
                then[i] = then[i] with { Grid = targets[i].Grid! with { GramsPerKilowattHour = expected } };
            if (targets[i].Descriptor.Schedule is { } schedule)
                then[i] = then[i] with { PriceFactor = schedule.FactorAt(slot) };
        }
    }

    /// <summary>A forecast is compared with a figure of the same source only, never with a stated default.</summary>
    private static bool IsForecast(in TargetSnapshot target, GridReading? grid) =>
        grid is not null && target.Grid is { Provenance: not IntensityProvenance.Default };

    private static string NoForecast(ReadOnlySpan<GridReading?> grids)
    {
        var problems = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var grid in grids)
            if (grid is { ForecastProblem.Length: > 0 }) problems.Add(grid.ForecastProblem);
        return "neither a forecast nor a price schedule says that anything changes until then" + (problems.Count == 0 ? "" : $" ({string.Join("; ", problems)})");
    }

    private static string Why(ReadOnlySpan<TargetSnapshot> now, int first, ReadOnlySpan<TargetSnapshot> then, int best, double saved)
    {
        if (first < 0) return $"nobody may take it now, {Words(then[best])} may then";
        return $"{Words(then[best])} is expected to score ${Walls.Digits(saved)} lower then than {Words(now[first])} now";
    }

    private static string Words(in TargetSnapshot target) =>
        $"{target.Descriptor.Name} at {Walls.Digits(target.GramsPerKilowattHour)} g/kWh" + (target.PriceFactor == 1 ? "" : $" and {Walls.Digits(target.PriceFactor)} of its prices");
}
