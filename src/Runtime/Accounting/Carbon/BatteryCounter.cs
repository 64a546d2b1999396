namespace Hybrid.Accounting;

/// <summary>What a running battery gives: <c>/sys/class/power_supply/BAT*</c>, the watts of two readings averaged over the time between.</summary>
internal sealed class BatteryCounter : IJouleCounter
{
    private readonly string[] _folders;
    private readonly TimeProvider _time;
    private double _joules;
    private (double Watts, long At)? _last;

    private BatteryCounter(string[] folders, TimeProvider time) => (_folders, _time) = (folders, time);

    public string Name => "battery";

    /// <param name="sys">The root of sysfs, usually <c>/sys</c>.</param>
    /// <param name="time">The clock between two readings.</param>
    public static BatteryCounter? Open(string sys, TimeProvider time)
    {
        var root = Path.Combine(sys, "class", "power_supply");
        if (!Directory.Exists(root)) return null;
        string[] folders = [.. Directory.EnumerateDirectories(root, "BAT*").Where(folder => Watts(folder) is not null)];
        return folders.Length > 0 ? new(folders, time) : null;
    }

    public bool TryRead(out double joules)
    {
        joules = _joules;
        var watts = 0.0;
        var discharging = false;
        foreach (var folder in _folders)
        {
            // A battery that is full or charging does not say what the machine draws from the mains.
            if (SysFile.Text(Path.Combine(folder, "status")) != "Discharging") continue;
            if (Watts(folder) is not { } one) continue;
            discharging = true;
            watts += one;
        }

        if (!discharging)
        {
            _last = null;
            return false;
        }

        if (_last is { } last) _joules += (last.Watts + watts) / 2 * _time.GetElapsedTime(last.At).TotalSeconds;
        _last = (watts, _time.GetTimestamp());
        joules = _joules;
        return true;
    }

    private static double? Watts(string folder)
    {
        if (SysFile.TryWhole(Path.Combine(folder, "power_now"), out var microwatts)) return Math.Abs(microwatts / 1e6);
        return SysFile.TryWhole(Path.Combine(folder, "current_now"), out var microamperes) && SysFile.TryWhole(Path.Combine(folder, "voltage_now"), out var microvolts)
            ? Math.Abs(microamperes / 1e6 * (microvolts / 1e6))
            : null;
    }
}
