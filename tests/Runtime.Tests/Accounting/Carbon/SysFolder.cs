using System.Globalization;

namespace Hybrid.Tests.Accounting.Carbon;

/// <summary>A folder that looks like <c>/sys</c>, as far as meters of energy go.</summary>
internal sealed class SysFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("hybrid-sys").FullName;

    public void Dispose() => Directory.Delete(Root, recursive: true);

    /// <summary>Adds a part that RAPL measures.</summary>
    public void Rapl(string zone, string name, long microjoules, long range)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Root, "class", "powercap", zone)).FullName;
        File.WriteAllText(Path.Combine(folder, "name"), name + "\n");
        Write(Path.Combine(folder, "max_energy_range_uj"), range);
        Put(zone, microjoules);
    }

    /// <summary>Sets what RAPL shows.</summary>
    public void Put(string zone, long microjoules) => Write(Path.Combine(Root, "class", "powercap", zone, "energy_uj"), microjoules);

    public void Battery(string status, params (string File, long Value)[] files)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Root, "class", "power_supply", "BAT0")).FullName;
        File.WriteAllText(Path.Combine(folder, "status"), status + "\n");
        foreach (var (file, value) in files) Write(Path.Combine(folder, file), value);
    }

    private static void Write(string path, long value) => File.WriteAllText(path, value.ToString(CultureInfo.InvariantCulture) + "\n");
}
