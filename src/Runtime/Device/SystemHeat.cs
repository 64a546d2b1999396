using Hybrid.Accounting;

namespace Hybrid.Device;

/// <summary>The heat as the kernel shows it: the hottest of <c>/sys/class/thermal/thermal_zone*</c>, and whether the processor is slowed down for it.</summary>
/// <remarks>
/// It is slowed down while a cooling device of the processor (<c>cooling_device*</c> of a type that names the CPU) is at work, or where
/// <c>core_throttle_count</c> grew since the last look. Not thread-safe.
/// </remarks>
internal sealed class SystemHeat
{
    /// <summary>Sensors that are off report absolute zero or nonsense.</summary>
    private const double Least = -50;
    private const double Most = 200;
    private readonly string[] _zones;
    private readonly string[] _coolers;
    private readonly string[] _counts;
    private long? _count;

    /// <param name="sys">The root of sysfs, usually <c>/sys</c>.</param>
    public SystemHeat(string sys)
    {
        var thermal = Path.Combine(sys, "class", "thermal");
        _zones = Folders(thermal, "thermal_zone*");
        _coolers = [.. Folders(thermal, "cooling_device*").Where(folder => IsOfProcessor(SysFile.Text(Path.Combine(folder, "type"))))];
        _counts = [.. Folders(Path.Combine(sys, "devices", "system", "cpu"), "cpu*").Select(cpu => Path.Combine(cpu, "thermal_throttle", "core_throttle_count")).Where(File.Exists)];
    }

    public (double? Celsius, bool IsThrottled) Read()
    {
        double? hottest = null;
        foreach (var zone in _zones)
        {
            if (SysFile.TryWhole(Path.Combine(zone, "temp"), out var thousandths) && thousandths / 1000.0 is > Least and < Most and var celsius && !(celsius <= hottest)) hottest = celsius;
        }

        var slowed = Array.Exists(_coolers, cooler => SysFile.TryWhole(Path.Combine(cooler, "cur_state"), out var state) && state > 0);
        var count = _counts.Sum(path => SysFile.TryWhole(path, out var times) ? times : 0);
        slowed |= count > (_count ?? count);
        _count = count;
        return (hottest, slowed);
    }

    private static bool IsOfProcessor(string? type) => type is not null
        && (type == "Processor" || type.StartsWith("cpufreq", StringComparison.Ordinal) || type.StartsWith("thermal-cpufreq", StringComparison.Ordinal) || type.StartsWith("cpu", StringComparison.Ordinal));

    private static string[] Folders(string root, string pattern) => Directory.Exists(root) ? [.. Directory.EnumerateDirectories(root, pattern)] : [];
}
