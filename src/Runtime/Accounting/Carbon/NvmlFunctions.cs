using System.Runtime.InteropServices;

namespace Hybrid.Accounting;

/// <summary>NVIDIA's management library (NVML), as far as energy needs it: the one place where it is called.</summary>
/// <remarks>Every call gives the library's own status. The library is thread-safe, and stays loaded.</remarks>
internal sealed unsafe class NvmlFunctions
{
    /// <summary>The status of a call that went well.</summary>
    public const int Success = 0;

    private static readonly string[] Names =
        ["nvmlInit_v2", "nvmlShutdown", "nvmlDeviceGetCount_v2", "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetTotalEnergyConsumption"];

    private readonly delegate* unmanaged[Cdecl]<int> _init;
    private readonly delegate* unmanaged[Cdecl]<int> _shutdown;
    private readonly delegate* unmanaged[Cdecl]<uint*, int> _count;
    private readonly delegate* unmanaged[Cdecl]<uint, nint*, int> _device;
    private readonly delegate* unmanaged[Cdecl]<nint, ulong*, int> _energy;

    private NvmlFunctions(nint[] addresses)
    {
        _init = (delegate* unmanaged[Cdecl]<int>)addresses[0];
        _shutdown = (delegate* unmanaged[Cdecl]<int>)addresses[1];
        _count = (delegate* unmanaged[Cdecl]<uint*, int>)addresses[2];
        _device = (delegate* unmanaged[Cdecl]<uint, nint*, int>)addresses[3];
        _energy = (delegate* unmanaged[Cdecl]<nint, ulong*, int>)addresses[4];
    }

    /// <summary>The file that the driver brings; on Windows in the system's folder alone, so that no other folder can stand in for it.</summary>
    public static string File => OperatingSystem.IsWindows() ? Path.Combine(Environment.SystemDirectory, "nvml.dll") : "libnvidia-ml.so.1";

    /// <param name="file">Usually <see cref="File"/>.</param>
    /// <param name="problem">Why it cannot be used.</param>
    public static NvmlFunctions? Load(string file, out string problem)
    {
        if (NativeLibrary.TryLoad(file, out var library))
            return Find(name => NativeLibrary.TryGetExport(library, name, out var address) ? address : 0, out problem);
        problem = $"there is no {file}";
        return null;
    }

    /// <param name="addressOf">The address of the function of a name; 0 where there is none.</param>
    /// <param name="problem">Which function is missing.</param>
    public static NvmlFunctions? Find(Func<string, nint> addressOf, out string problem)
    {
        nint[] addresses = [.. Names.Select(addressOf)];
        var missing = Array.IndexOf(addresses, 0);
        problem = missing < 0 ? "" : $"NVML has no {Names[missing]}; a newer driver has";
        return missing < 0 ? new(addresses) : null;
    }

    /// <summary>Begins to use the driver; as often as this went well, <see cref="Shutdown"/> belongs to it.</summary>
    public int Init() => _init();

    public int Shutdown() => _shutdown();

    public int CountDevices(out uint count)
    {
        fixed (uint* to = &count) return _count(to);
    }

    public int GetDevice(uint index, out nint device)
    {
        fixed (nint* to = &device) return _device(index, to);
    }

    /// <summary>Millijoules since the driver was loaded.</summary>
    public int GetEnergy(nint device, out ulong millijoules)
    {
        fixed (ulong* to = &millijoules) return _energy(device, to);
    }
}
