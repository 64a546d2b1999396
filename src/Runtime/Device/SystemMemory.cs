using System.Globalization;
using Hybrid.Accounting;

namespace Hybrid.Device;

/// <summary>The memory as the kernel shows it: <c>/proc/meminfo</c>, what the process' own group may still take, and how long programs wait for memory.</summary>
/// <remarks>
/// Pressure is high where less than a <see cref="LeastShare"/> of the memory is left, or where in the last ten seconds every program waited for memory for
/// <see cref="MostStall"/> percent of the time (<c>/proc/pressure/memory</c>, "full"). Read again when it is asked and <see cref="Every"/> has passed.
/// </remarks>
internal sealed class SystemMemory : IMemoryPressure
{
    /// <summary>Of all memory, what should stay available.</summary>
    public const double LeastShare = 0.04;

    /// <summary>Percent of the last ten seconds.</summary>
    public const double MostStall = 10;

    public static readonly TimeSpan Every = TimeSpan.FromSeconds(2);
    private readonly string _root;
    private readonly TimeProvider _time;
    private Reading _last;

    /// <param name="time">The clock between two readings.</param>
    /// <param name="root">Where <c>proc</c> and <c>sys</c> are, usually <c>/</c>.</param>
    public SystemMemory(TimeProvider time, string root = "/")
    {
        (_time, _root) = (time, root);
        _last = Read();
    }

    public bool IsHigh => Now.IsHigh;

    public long? AvailableBytes => Now.Available;

    private Reading Now
    {
        get
        {
            var last = Volatile.Read(ref _last);
            if (_time.GetElapsedTime(last.At) >= Every) Volatile.Write(ref _last, last = Read());
            return last;
        }
    }

    private Reading Read()
    {
        var lines = SysFile.Text(Path.Combine(_root, "proc/meminfo"))?.Split('\n') ?? [];
        var (total, available) = (Kilobytes(lines, "MemTotal:"), Kilobytes(lines, "MemAvailable:"));
        var group = Path.Combine(_root, "sys/fs/cgroup");
        // A container's own limit; what it holds of the page cache and could give back counts as free.
        if (SysFile.TryWhole(Path.Combine(group, "memory.max"), out var most) && SysFile.TryWhole(Path.Combine(group, "memory.current"), out var current))
        {
            var cached = SysFile.Text(Path.Combine(group, "memory.stat"))?.Split('\n').FirstOrDefault(line => line.StartsWith("inactive_file ", StringComparison.Ordinal)) is { } line
                && long.TryParse(line.AsSpan("inactive_file ".Length), CultureInfo.InvariantCulture, out var bytes) ? bytes : 0;
            (total, available) = (Math.Min(total ?? most, most), Math.Min(available ?? most, Math.Max(most - current + cached, 0)));
        }

        var isLow = total is > 0 && available < total * LeastShare;
        return new(_time.GetTimestamp(), available, isLow || Stall() >= MostStall);
    }

    /// <summary>Percent of the last ten seconds in which every program waited for memory.</summary>
    private double Stall()
    {
        var line = SysFile.Text(Path.Combine(_root, "proc/pressure/memory"))?.Split('\n').FirstOrDefault(one => one.StartsWith("full ", StringComparison.Ordinal));
        var recent = line?.Split(' ').FirstOrDefault(field => field.StartsWith("avg10=", StringComparison.Ordinal));
        return recent is not null && double.TryParse(recent.AsSpan("avg10=".Length), CultureInfo.InvariantCulture, out var percent) ? percent : 0;
    }

    private static long? Kilobytes(string[] lines, string name) => Array.Find(lines, line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
        && long.TryParse(line.AsSpan(name.Length).Trim().ToString().Split(' ')[0], CultureInfo.InvariantCulture, out var kilobytes) ? kilobytes << 10 : null;

    private sealed record Reading(long At, long? Available, bool IsHigh);
}
