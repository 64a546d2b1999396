namespace Hybrid.Models.Prefetch;

/// <summary>What a prefetcher would do in the time to come, as far as it knows today.</summary>
internal static class PrefetchOutlook
{
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(10);

    /// <summary>Each change of what should be near, in order of time; <see cref="PrefetchLevel.None"/>: it is let go.</summary>
    /// <param name="models">The models by name; those that were learned of are added.</param>
    /// <param name="options">The rules.</param>
    /// <param name="kept">What was learned.</param>
    /// <param name="now">From when on.</param>
    /// <param name="span">For how long.</param>
    /// <param name="zone">Whose clock.</param>
    public static IReadOnlyList<(DateTimeOffset At, PrefetchWish Wish)> Foresee(
        IEnumerable<string> models, PrefetchOptions options, KeptState kept, DateTimeOffset now, TimeSpan span, TimeZoneInfo zone)
    {
        string[] names = [.. models.Concat(kept.Models.Keys).Distinct(StringComparer.OrdinalIgnoreCase)];
        var before = names.ToDictionary(name => name, _ => PrefetchLevel.None, StringComparer.OrdinalIgnoreCase);
        List<(DateTimeOffset, PrefetchWish)> changes = [];
        for (var at = now; at <= now + span; at += Step)
        {
            // Anew for each moment: to ask for a moment is to have lived until then.
            var habits = new UseHabits(zone);
            habits.Restore(kept.Models);
            var wishes = PrefetchPlanner.Plan(names, options, habits, at, zone);
            foreach (var name in names)
            {
                var wish = wishes.FirstOrDefault(one => one.Model == name) ?? new(name, PrefetchLevel.None, 0, "nobody is expected");
                if (before[name] != wish.Level) changes.Add((at, wish));
                before[name] = wish.Level;
            }
        }

        return changes;
    }
}
