using System.Globalization;

namespace Hybrid.Protocol;

/// <summary>The <c>grpc-timeout</c> header: at most eight digits and a unit.</summary>
internal static class GrpcTimeout
{
    private const long Limit = 100_000_000;

    /// <summary>Writes a duration, rounded up, in the finest unit that fits; 0 or less becomes 0.</summary>
    public static string Format(TimeSpan timeout)
    {
        var microseconds = Math.Max(0, (long)Math.Ceiling(timeout.TotalMicroseconds));
        var (value, unit) = microseconds switch
        {
            < Limit => (microseconds, 'u'),
            < Limit * 1_000 => (Up(microseconds, 1_000), 'm'),
            < Limit * 1_000_000 => (Up(microseconds, 1_000_000), 'S'),
            _ => (Math.Min(Up(microseconds, 60_000_000), Limit - 1), 'M'),
        };
        // Rounding up can carry into a ninth digit; the largest eight digits are then the nearest honest value.
        return Math.Min(value, Limit - 1).ToString(CultureInfo.InvariantCulture) + unit;
    }

    public static bool TryParse(string? header, out TimeSpan timeout)
    {
        timeout = default;
        if (header is not { Length: >= 2 and <= 9 }
            || !long.TryParse(header.AsSpan(0, header.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            return false;
        var ticks = header[^1] switch
        {
            'H' => TimeSpan.TicksPerHour,
            'M' => TimeSpan.TicksPerMinute,
            'S' => TimeSpan.TicksPerSecond,
            'm' => TimeSpan.TicksPerMillisecond,
            'u' => TimeSpan.TicksPerMicrosecond,
            'n' => 0,
            _ => -1L,
        };
        if (ticks < 0)
            return false;
        timeout = header[^1] == 'n' ? TimeSpan.FromTicks((value + 99) / 100) : TimeSpan.FromTicks(value * ticks);
        return true;
    }

    private static long Up(long value, long unit) => (value + unit - 1) / unit;
}
