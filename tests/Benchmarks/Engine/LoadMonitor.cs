using System.Globalization;

namespace Hybrid.Benchmarks.Engine;

/// <summary>What share of the machine others took while something was measured.</summary>
/// <remarks>
/// From Linux' own counters: all busy time, stolen time included, less that of this process and of the named ones. A monitor that
/// spins would itself compete with the decode threads on a small machine. Elsewhere the share is not known and reads 0.
/// </remarks>
internal sealed class LoadMonitor
{
    public const double MostForOthers = 0.05;
    private readonly int[] _ours;
    private readonly (double All, double Busy, double Ours) _start;

    /// <param name="processes">Beside this one, those that take part.</param>
    public LoadMonitor(params int[] processes)
    {
        _ours = [Environment.ProcessId, .. processes];
        _start = Read();
    }

    /// <summary>0 to 1, since this monitor was made.</summary>
    public double OthersShare()
    {
        var now = Read();
        var all = now.All - _start.All;
        return all <= 0 ? 0 : Math.Max(0, (now.Busy - _start.Busy - (now.Ours - _start.Ours)) / all);
    }

    private (double All, double Busy, double Ours) Read()
    {
        if (!OperatingSystem.IsLinux())
            return default;
        // user nice system idle iowait irq softirq steal, in ticks of all processors together.
        var ticks = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(Number).ToArray();
        return (ticks.Sum(), ticks.Sum() - ticks[3] - ticks[4], _ours.Sum(OfProcess));
    }

    private static double OfProcess(int id)
    {
        try
        {
            // The name in parentheses may hold spaces; user and system time are the 12th and 13th field after it.
            var fields = File.ReadAllText($"/proc/{id}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return Number(fields[11]) + Number(fields[12]);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
