namespace Hybrid.Accounting;

/// <summary>The processor's and memory's energy by RAPL: Linux's <c>/sys/class/powercap/intel-rapl*</c>, AMD's included.</summary>
/// <remarks>
/// Packages and memory (<c>dram</c>) are added up. Their other parts (<c>core</c>, <c>uncore</c>) are in the package already, and
/// <c>psys</c> and <c>intel-rapl-mmio</c> would count it twice. Since 2020 the files may be read by root alone, unless an
/// administrator allows more.
/// </remarks>
internal sealed class RaplCounter : IJouleCounter
{
    private readonly Domain[] _domains;
    private double _joules;

    private RaplCounter(Domain[] domains) => _domains = domains;

    public string Name => "RAPL";

    /// <param name="sys">The root of sysfs, usually <c>/sys</c>.</param>
    /// <param name="problem">Why there is none.</param>
    public static RaplCounter? Open(string sys, out string problem)
    {
        var root = Path.Combine(sys, "class", "powercap");
        problem = $"there is no RAPL in {root}";
        if (!Directory.Exists(root)) return null;
        List<Domain> domains = [];
        foreach (var folder in Directory.EnumerateDirectories(root, "intel-rapl:*").Order(StringComparer.Ordinal))
        {
            var name = SysFile.Text(Path.Combine(folder, "name")) ?? "";
            if (!name.StartsWith("package", StringComparison.Ordinal) && name != "dram") continue;
            var file = Path.Combine(folder, "energy_uj");
            if (!SysFile.TryWhole(file, out var now))
            {
                problem = $"{file} may not be read";
                return null;
            }

            SysFile.TryWhole(Path.Combine(folder, "max_energy_range_uj"), out var range);
            domains.Add(new(file, range) { Last = now });
        }

        return domains.Count > 0 ? new([.. domains]) : null;
    }

    public bool TryRead(out double joules)
    {
        var whole = true;
        foreach (var domain in _domains)
        {
            if (!SysFile.TryWhole(domain.File, out var now))
            {
                whole = false;
                continue;
            }

            var used = now - domain.Last;
            // The counter starts again from 0 past its range.
            if (used < 0) used += domain.Range;
            domain.Last = now;
            if (used < 0) whole = false;
            else _joules += used / 1e6;
        }

        joules = _joules;
        return whole;
    }

    private sealed record Domain(string File, long Range)
    {
        public long Last { get; set; }
    }
}
