using Hybrid.Accounting;

namespace Hybrid.Device;

/// <summary>The battery as the kernel shows it, <c>/sys/class/power_supply/BAT*</c>; where there is no such folder, none.</summary>
/// <remarks>Read again when it is asked and <see cref="Every"/> has passed.</remarks>
internal sealed class SystemBattery : IBattery
{
    /// <summary>A charge falls slowly, and a charger that is plugged in may be noticed a little late.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    private readonly string[] _folders;
    private readonly TimeProvider _time;
    private Reading _last;

    /// <param name="sys">The root of sysfs, usually <c>/sys</c>.</param>
    /// <param name="time">The clock between two readings.</param>
    public SystemBattery(string sys, TimeProvider time)
    {
        var root = Path.Combine(sys, "class", "power_supply");
        _folders = Directory.Exists(root) ? [.. Directory.EnumerateDirectories(root, "BAT*")] : [];
        _time = time;
        _last = Read();
    }

    public double? Left
    {
        get
        {
            if (_folders.Length == 0) return null;
            var last = Volatile.Read(ref _last);
            if (_time.GetElapsedTime(last.At) >= Every) Volatile.Write(ref _last, last = Read());
            return last.Left;
        }
    }

    /// <summary>The mean of all batteries while one of them is being discharged: they are used up one after the other.</summary>
    private Reading Read()
    {
        var (sum, count, discharging) = (0.0, 0, false);
        foreach (var folder in _folders)
        {
            if (!SysFile.TryWhole(Path.Combine(folder, "capacity"), out var percent)) continue;
            sum += Math.Clamp(percent / 100.0, 0, 1);
            count++;
            discharging |= SysFile.Text(Path.Combine(folder, "status")) == "Discharging";
        }

        return new(discharging ? sum / count : null, _time.GetTimestamp());
    }

    private sealed record Reading(double? Left, long At);
}
