namespace Hybrid.Warmth;

/// <summary>How many requests to expect: what this hour of the week usually brings, corrected by what the last minutes brought.</summary>
/// <remarks>
/// A rate is drawn from two counts as in a gamma-Poisson model: λ = (h·w + n) / (w + e), where h is the mean rate of this hour of the
/// week over the last <see cref="WeeksKept"/> weeks, w the <see cref="HabitHours"/> of evidence that it counts for, n the requests of
/// late and e the hours in which they came, both forgotten with a half-life of <see cref="RecentHalfLife"/>. Hours are those of the
/// local clock. Thread-safe.
/// </remarks>
internal sealed class ArrivalForecast
{
    public const double WeeksKept = 4;
    public const double HabitHours = 0.5;
    private const int HoursOfWeek = 168;

    public static readonly TimeSpan RecentHalfLife = TimeSpan.FromMinutes(15);

    private readonly Lock _lock = new();
    private readonly TimeZoneInfo _zone;
    private readonly (double Count, double Hours)[] _habit = new (double, double)[HoursOfWeek];
    private double _recent;
    private double _recentHours;
    private DateTimeOffset _until;

    /// <param name="zone">The clock that people's habits follow.</param>
    /// <param name="from">Since when requests are counted.</param>
    public ArrivalForecast(TimeZoneInfo zone, DateTimeOffset from) => (_zone, _until) = (zone, from);

    /// <summary>A request came.</summary>
    public void Observe(DateTimeOffset at)
    {
        lock (_lock)
        {
            Pass(at);
            ref var habit = ref _habit[HourOfWeek(at)];
            habit.Count++;
            _recent++;
        }
    }

    /// <summary>What is known of the hours of the week, for <see cref="Restore"/>; hours that were never lived through are left out.</summary>
    public (DateTimeOffset Until, IReadOnlyList<(int Hour, double Count, double Hours)> Habit) Keep()
    {
        lock (_lock) return (_until, [.. _habit.Select((habit, hour) => (hour, habit.Count, habit.Hours)).Where(one => one.Hours > 0 || one.Count > 0)]);
    }

    /// <summary>Takes over what was kept; what the last minutes brought is not, and the time since then has passed without requests.</summary>
    public void Restore(DateTimeOffset until, IEnumerable<(int Hour, double Count, double Hours)> habit)
    {
        lock (_lock)
        {
            foreach (var (hour, count, hours) in habit) _habit[hour] = (count, hours);
            (_until, _recent, _recentHours) = (until, 0, 0);
        }
    }

    /// <summary>Requests expected in a span of time from now on.</summary>
    public double Expected(DateTimeOffset now, TimeSpan span)
    {
        lock (_lock)
        {
            Pass(now);
            var expected = 0.0;
            foreach (var (hour, hours) in Pieces(now, now + span)) expected += Rate(_habit[hour]) * hours;
            return expected;
        }
    }

    /// <summary>Requests per hour.</summary>
    private double Rate((double Count, double Hours) habit)
    {
        var weight = HabitHours * Math.Min(habit.Hours, 1);
        var usual = habit.Hours > 0 ? habit.Count / habit.Hours : 0;
        return weight + _recentHours > 0 ? ((usual * weight) + _recent) / (weight + _recentHours) : 0;
    }

    /// <summary>Time passes, with or without requests.</summary>
    private void Pass(DateTimeOffset now)
    {
        if (now <= _until)
        {
            _until = now; // the clock was set back: what it passes again counts again
            return;
        }

        var from = now - _until < TimeSpan.FromDays(7 * WeeksKept) ? _until : now - TimeSpan.FromDays(7 * WeeksKept);
        foreach (var (hour, hours) in Pieces(from, now))
        {
            ref var habit = ref _habit[hour];
            habit.Hours += hours;
            if (habit.Hours > WeeksKept) habit = (habit.Count * WeeksKept / habit.Hours, WeeksKept);
        }

        var kept = Math.Pow(0.5, (now - _until) / RecentHalfLife);
        _recent *= kept;
        _recentHours = (_recentHours * kept) + (RecentHalfLife.TotalHours / Math.Log(2) * (1 - kept));
        _until = now;
    }

    /// <summary>A span cut at whole hours.</summary>
    private IEnumerable<(int HourOfWeek, double Hours)> Pieces(DateTimeOffset from, DateTimeOffset to)
    {
        while (from < to)
        {
            var border = new DateTimeOffset(from.UtcTicks - (from.UtcTicks % TimeSpan.TicksPerHour) + TimeSpan.TicksPerHour, TimeSpan.Zero);
            var end = border < to ? border : to;
            yield return (HourOfWeek(from), (end - from).TotalHours);
            from = end;
        }
    }

    private int HourOfWeek(DateTimeOffset at)
    {
        var local = TimeZoneInfo.ConvertTime(at, _zone);
        return ((int)local.DayOfWeek * 24) + local.Hour;
    }
}
