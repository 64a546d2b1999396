using Hybrid.Warmth;

namespace Hybrid.Models.Prefetch;

/// <summary>When each model is used, by hour of the week, and which one follows which; forgotten in weeks.</summary>
/// <remarks>
/// What counts is a session: uses with less than <see cref="SessionGap"/> between them are one, so that a long chat says no more than a short one. That
/// B follows A is the share of A's sessions in which B began within <see cref="FollowWindow"/> of a use of A; the newest counts most. Thread-safe.
/// </remarks>
internal sealed class UseHabits(TimeZoneInfo zone)
{
    public const int MostModels = 64;
    public const int MostFollowers = 16;

    /// <summary>Weight that a session keeps when the next one of the same model comes: half after about 13.</summary>
    public const double Kept = 0.95;

    public static readonly TimeSpan SessionGap = TimeSpan.FromMinutes(15);
    public static readonly TimeSpan FollowWindow = TimeSpan.FromMinutes(10);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ModelHabit> _models = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A use began.</summary>
    /// <returns>Whether a session began with it.</returns>
    public bool Begin(string model, DateTimeOffset now)
    {
        lock (_lock)
        {
            var habit = Find(model, now);
            var begins = habit.LastUse is not { } last || now - last > SessionGap || now < last;
            if (begins)
            {
                habit.Forecast.Observe(now);
                habit.BeginSession();
                foreach (var before in _models.Values.Where(before => before != habit && before.IsNear(now))) before.Follow(model);
            }

            habit.LastUse = now;
            return begins;
        }
    }

    /// <summary>A use goes on, or ended: what comes soon after still follows it.</summary>
    public void Touch(string model, DateTimeOffset now)
    {
        lock (_lock)
            if (_models.TryGetValue(model, out var habit)) habit.LastUse = now;
    }

    /// <summary>The chance, 0 to 1, that a model is used between now and the end of the hour that is a span ahead.</summary>
    public double Chance(string model, DateTimeOffset now, TimeSpan ahead)
    {
        lock (_lock)
        {
            if (!_models.TryGetValue(model, out var habit)) return 0;
            var at = now + ahead;
            var end = new DateTimeOffset(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerHour) + TimeSpan.TicksPerHour, TimeSpan.Zero);
            return 1 - Math.Exp(-habit.Forecast.Expected(now, end - now));
        }
    }

    /// <summary>The chance, 0 to 1, that a model follows one that is used now or was a moment ago, and which one that is.</summary>
    public (double Chance, string? After) FollowChance(string model, DateTimeOffset now)
    {
        lock (_lock)
        {
            var best = (Chance: 0.0, After: (string?)null);
            foreach (var (other, habit) in _models)
            {
                if (string.Equals(other, model, StringComparison.OrdinalIgnoreCase) || !habit.IsNear(now)) continue;
                var chance = habit.FollowShare(model);
                if (chance > best.Chance) best = (chance, other);
            }

            return best;
        }
    }

    /// <summary>Everything, to be kept.</summary>
    public IReadOnlyDictionary<string, KeptHabit> Keep()
    {
        lock (_lock) return _models.ToDictionary(one => one.Key, one => one.Value.Keep(), StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Takes over what was kept.</summary>
    public void Restore(IReadOnlyDictionary<string, KeptHabit> kept)
    {
        lock (_lock)
            foreach (var (model, habit) in kept.Take(MostModels)) _models[model] = new(zone, habit);
    }

    private ModelHabit Find(string model, DateTimeOffset now)
    {
        if (_models.TryGetValue(model, out var known)) return known;
        if (_models.Count >= MostModels) _models.Remove(_models.MinBy(one => one.Value.LastUse ?? DateTimeOffset.MinValue).Key);
        return _models[model] = new(zone, now);
    }
}
