namespace Hybrid.Models.Prefetch;

/// <summary>A model that should be near.</summary>
/// <param name="Model">Its name.</param>
/// <param name="Level">How near.</param>
/// <param name="Chance">0 to 1; 1 where it is configured.</param>
/// <param name="Why">In a sentence for people.</param>
internal sealed record PrefetchWish(string Model, PrefetchLevel Level, double Chance, string Why);

/// <summary>Decides which models should be near at a moment. Pure.</summary>
internal static class PrefetchPlanner
{
    /// <summary>How far ahead a model that will be needed is fetched.</summary>
    public static readonly TimeSpan FetchAhead = TimeSpan.FromHours(24);

    /// <summary>The likeliest first; those of equal chance in the order of their names.</summary>
    public static IReadOnlyList<PrefetchWish> Plan(IEnumerable<string> models, PrefetchOptions options, UseHabits habits, DateTimeOffset now, TimeZoneInfo zone) =>
    [
        .. models.Select(model => Wish(model, options, habits, now, zone)).OfType<PrefetchWish>()
            .OrderByDescending(wish => wish.Chance).ThenByDescending(wish => wish.Level).ThenBy(wish => wish.Model, StringComparer.Ordinal),
    ];

    private static PrefetchWish? Wish(string model, PrefetchOptions options, UseHabits habits, DateTimeOffset now, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(now, zone);
        PrefetchRule[] rules = [.. options.Models.Where(rule => string.Equals(rule.Model, model, StringComparison.OrdinalIgnoreCase) && rule.Covers(local))];
        if (Array.Exists(rules, rule => rule.Level == PrefetchLevel.None)) return null;
        var told = rules.MaxBy(rule => rule.Level)?.Level ?? PrefetchLevel.None;
        var learned = options.Learn ? Learned(model, options, habits, now) : null;
        if (told == PrefetchLevel.None) return learned;
        return learned is not null && learned.Level > told ? learned : new(model, told, 1, "it is configured");
    }

    private static PrefetchWish? Learned(string model, PrefetchOptions options, UseHabits habits, DateTimeOffset now)
    {
        var soon = habits.Chance(model, now, options.Ahead);
        var (follows, after) = habits.FollowChance(model, now);
        if (soon >= options.MinChance) return Capped(PrefetchLevel.Loaded, soon, $"used at this hour of the week with a chance of {soon:0.00}");
        if (follows >= options.MinChance) return Capped(PrefetchLevel.Primed, follows, $"follows '{after}' with a chance of {follows:0.00}");
        var later = habits.Chance(model, now, options.Ahead * 2);
        if (later >= options.MinChance) return Capped(PrefetchLevel.Primed, later, $"used in the next hour with a chance of {later:0.00}");
        var someTime = habits.Chance(model, now, FetchAhead);
        return someTime >= options.MinChance ? Capped(PrefetchLevel.Fetched, someTime, $"used within a day with a chance of {someTime:0.00}") : null;

        PrefetchWish? Capped(PrefetchLevel level, double chance, string why) =>
            options.MaxLevel == PrefetchLevel.None ? null : new(model, level < options.MaxLevel ? level : options.MaxLevel, chance, why);
    }
}
