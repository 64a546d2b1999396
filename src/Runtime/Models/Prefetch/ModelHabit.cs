using Hybrid.Warmth;

namespace Hybrid.Models.Prefetch;

/// <summary>What is known of one model's use; under the lock of <see cref="UseHabits"/>.</summary>
internal sealed class ModelHabit
{
    private readonly Dictionary<string, double> _followers = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _followedNow = new(StringComparer.OrdinalIgnoreCase);
    private double _sessions;

    public ModelHabit(TimeZoneInfo zone, DateTimeOffset now) => Forecast = new(zone, now);

    public ModelHabit(TimeZoneInfo zone, KeptHabit kept)
    {
        Forecast = new(zone, kept.Until);
        Forecast.Restore(kept.Until, kept.Hours.Where(hour => hour.Hour is >= 0 and < 168).Select(hour => (hour.Hour, hour.Count, hour.Hours)));
        (_sessions, LastUse) = (kept.Sessions, kept.LastUse);
        foreach (var (model, count) in kept.Followers.Take(UseHabits.MostFollowers)) _followers[model] = count;
    }

    public ArrivalForecast Forecast { get; }

    public DateTimeOffset? LastUse { get; set; }

    /// <summary>Whether it is used now, or was so lately that what begins follows it.</summary>
    public bool IsNear(DateTimeOffset now) => LastUse is { } last && now >= last && now - last <= UseHabits.FollowWindow;

    public void BeginSession()
    {
        _sessions = (_sessions * UseHabits.Kept) + 1;
        foreach (var model in _followers.Keys.ToArray()) _followers[model] *= UseHabits.Kept;
        _followedNow.Clear();
    }

    /// <summary>Another model began; it counts once a session.</summary>
    public void Follow(string model)
    {
        if (!_followedNow.Add(model)) return;
        if (!_followers.ContainsKey(model) && _followers.Count >= UseHabits.MostFollowers) _followers.Remove(_followers.MinBy(one => one.Value).Key);
        _followers[model] = _followers.GetValueOrDefault(model) + 1;
    }

    /// <summary>The share of the sessions in which it followed, with one more in which it did not: one time is no habit.</summary>
    public double FollowShare(string model) => _followers.GetValueOrDefault(model) / (_sessions + 1);

    public KeptHabit Keep()
    {
        var (until, hours) = Forecast.Keep();
        return new()
        {
            Until = until,
            LastUse = LastUse,
            Sessions = _sessions,
            Hours = [.. hours.Where(hour => hour.Hours > 0).Select(hour => new KeptHour(hour.Hour, Math.Round(hour.Count, 4), Math.Round(hour.Hours, 4)))],
            Followers = _followers.ToDictionary(one => one.Key, one => Math.Round(one.Value, 4), StringComparer.OrdinalIgnoreCase),
        };
    }
}
