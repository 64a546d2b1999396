using System.Runtime.InteropServices;

namespace Hybrid.Accounting;

/// <summary>Prices by the time of day: each band's factor on every price of a target, 1 outside the bands.</summary>
/// <remarks>
/// Immutable and thread-safe. Bands go by the clock on the wall in <see cref="TimeZone"/>: where the clocks go forward the hour
/// that is left out has no band, where they go back the hour that is repeated has the same band twice.
/// </remarks>
public sealed class PriceSchedule
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private readonly PriceBand[] _bands;

    /// <summary>Makes a schedule of bands that do not overlap.</summary>
    /// <exception cref="HybridException">A band cannot be used (<see cref="HybridError.Configuration"/>).</exception>
    public PriceSchedule(TimeZoneInfo timeZone, IEnumerable<PriceBand> bands)
    {
        ArgumentNullException.ThrowIfNull(timeZone);
        ArgumentNullException.ThrowIfNull(bands);
        TimeZone = timeZone;
        _bands = [.. bands];
        var problems = Problems(_bands).Select(problem => $"Bands:{problem.Band}: {problem.Message}").ToArray();
        if (problems.Length > 0)
            throw new HybridException(HybridError.Configuration, $"The price schedule cannot be used:\n{string.Join('\n', problems)}");
    }

    /// <summary>Whose clock counts.</summary>
    public TimeZoneInfo TimeZone { get; }

    /// <summary>The bands in the order given.</summary>
    public IReadOnlyList<PriceBand> Bands => _bands;

    /// <summary>The factor on the prices at a time.</summary>
    public double FactorAt(DateTimeOffset time)
    {
        var clock = TimeZoneInfo.ConvertTime(time, TimeZone).TimeOfDay;
        foreach (var band in _bands)
            if (band.Covers(clock)) return band.Factor;
        return 1;
    }

    /// <summary>The moments after one time and before another at which the factor changes, to the minute.</summary>
    internal IEnumerable<DateTimeOffset> Changes(DateTimeOffset after, DateTimeOffset before)
    {
        // Minute by minute, so that no rule of any time zone needs to be understood.
        var minute = TimeSpan.FromMinutes(1);
        var factor = FactorAt(after);
        for (var at = new DateTimeOffset(after.UtcTicks - (after.UtcTicks % minute.Ticks), TimeSpan.Zero) + minute; at < before; at += minute)
        {
            var next = FactorAt(at);
            if (next == factor) continue;
            factor = next;
            yield return at;
        }
    }

    /// <summary>What is wrong with bands, by their place.</summary>
    internal static IEnumerable<(int Band, string Message)> Problems(IReadOnlyList<PriceBand> bands)
    {
        for (var i = 0; i < bands.Count; i++)
        {
            var band = bands[i];
            if (!double.IsFinite(band.Factor) || band.Factor < 0) yield return (i, $"the factor {band.Factor} is out of range; use a finite number of 0 or more");
            if (!IsTime(band.From) || !IsTime(band.Until)) yield return (i, $"{band.From} to {band.Until} are not both whole minutes from 00:00 to 23:59");
            else if (band.From == band.Until) yield return (i, $"it begins and ends at {band.From:hh\\:mm}; give it a length, or scale the prices themselves");
            for (var j = 0; j < i; j++)
                if (band.Overlaps(bands[j])) yield return (i, $"it overlaps band {j}");
        }
    }

    private static bool IsTime(TimeSpan time) => time >= TimeSpan.Zero && time < Day && time.Ticks % TimeSpan.TicksPerMinute == 0;
}

/// <summary>A part of the day and what it does to prices.</summary>
/// <param name="From">When it begins, by the clock on the wall.</param>
/// <param name="Until">When it ends; earlier than <paramref name="From"/> where it goes over midnight.</param>
/// <param name="Factor">What every price is multiplied by; 0 or more.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PriceBand(TimeSpan From, TimeSpan Until, double Factor)
{
    internal bool Covers(TimeSpan clock) => From < Until ? From <= clock && clock < Until : clock >= From || clock < Until;

    internal bool Overlaps(PriceBand other) => Covers(other.From) || other.Covers(From);
}
