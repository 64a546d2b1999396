using System.Globalization;

namespace Hybrid.Protocol;

/// <summary>The <c>grpc-timeout</c> header: at most eight digits and a unit.</summary>
internal static class GrpcTimeout
{
    private const long Limit = 100_000_000;

    private static readonly (char Unit, long Microseconds)[] Units =
        [('u', 1), ('m', 1_000), ('S', 1_000_000), ('M', 60_000_000), ('H', 3_600_000_000)];

    /// <summary>Writes a duration, rounded up, in the finest unit that fits; 0 or less becomes 0.</summary>
    public static string Format(TimeSpan timeout)
    {
        var microseconds = Math.Max(0, (long)Math.Ceiling(timeout.TotalMicroseconds));
        foreach (var (unit, length) in Units)
        {
            var value = (microseconds / length) + (microseconds % length > 0 ? 1 : 0);
            if (value < Limit)
                return value.ToString(CultureInfo.InvariantCulture) + unit;
        }

        return $"{Limit - 1}H";
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
}
