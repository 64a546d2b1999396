using System.Runtime.InteropServices;

namespace Hybrid.Accounting.Budgets;

/// <summary>The hour, the day and the month that a moment belongs to, each named by its first second of Unix time.</summary>
/// <remarks>
/// An hour that the clocks repeat is two hours; a day in which they change has 23 or 25. A day that has no midnight
/// begins where its clock begins, one that has two begins with the first.
/// </remarks>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BudgetWindows(long Hour, long Day, long Month)
{
    public const int Count = 3;

    public static readonly string[] Names = ["hour", "day", "month"];

    public long this[int window] => window switch { 0 => Hour, 1 => Day, _ => Month };

    public static BudgetWindows At(DateTimeOffset moment, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(moment, zone);
        var hour = local.AddTicks(-(local.Ticks % TimeSpan.TicksPerHour));
        return new(hour.ToUnixTimeSeconds(), First(local.Date, zone), First(local.Date.AddDays(1 - local.Day), zone));
    }

    /// <summary>The later of each: a clock that goes back opens no window again.</summary>
    public BudgetWindows Latest(BudgetWindows other) => new(Math.Max(Hour, other.Hour), Math.Max(Day, other.Day), Math.Max(Month, other.Month));

    private static long First(DateTime midnight, TimeZoneInfo zone)
    {
        // The larger offset is the earlier moment. A midnight that is skipped gets the offset before the jump, and so the jump itself.
        var offset = zone.IsAmbiguousTime(midnight) ? zone.GetAmbiguousTimeOffsets(midnight).Max() : zone.GetUtcOffset(midnight);
        return new DateTimeOffset(midnight, TimeSpan.Zero).ToUnixTimeSeconds() - (long)offset.TotalSeconds;
    }
}
