namespace Hybrid.Accounting;

/// <summary>The energy of NVIDIA's GPUs by their own counters, all that the driver shows added up: Volta and newer, by NVML.</summary>
/// <remarks>
/// A GPU without such a counter is left out, which the name tells: what its watts sum to between two readings would be a guess.
/// After a reset, as when the driver is loaded again, one reading is lost.
/// </remarks>
internal sealed class NvmlCounter : IJouleCounter, IDisposable
{
    private readonly NvmlFunctions _nvml;
    private readonly List<Gpu> _gpus;
    private double _joules;
    private bool _disposed;

    private NvmlCounter(NvmlFunctions nvml, List<Gpu> gpus, uint all)
    {
        (_nvml, _gpus) = (nvml, gpus);
        Name = gpus.Count == all ? "NVML" : $"NVML for {gpus.Count} of {all} GPUs";
    }

    public string Name { get; }

    /// <summary>The counter of this machine's driver.</summary>
    /// <param name="problem">Why there is none.</param>
    public static NvmlCounter? Open(out string problem) => NvmlFunctions.Load(NvmlFunctions.File, out problem) is { } nvml ? Open(nvml, out problem) : null;

    /// <param name="nvml">The library.</param>
    /// <param name="problem">Why there is none.</param>
    public static NvmlCounter? Open(NvmlFunctions nvml, out string problem)
    {
        var status = nvml.Init();
        if (status != NvmlFunctions.Success)
        {
            problem = $"NVML does not start (status {status})";
            return null;
        }

        List<Gpu> gpus = [];
        status = nvml.CountDevices(out var count);
        problem = status == NvmlFunctions.Success ? "NVML finds no GPU" : $"NVML cannot count the GPUs (status {status})";
        for (var i = 0u; status == NvmlFunctions.Success && i < count; i++)
        {
            ulong now = 0;
            var told = nvml.GetDevice(i, out var device);
            if (told == NvmlFunctions.Success) told = nvml.GetEnergy(device, out now);
            if (told == NvmlFunctions.Success) gpus.Add(new(device) { Last = now });
            else problem = $"NVML reads no energy of GPU {i} (status {told})";
        }

        if (gpus.Count > 0) return new(nvml, gpus, count);
        nvml.Shutdown();
        return null;
    }

    public bool TryRead(out double joules)
    {
        var whole = !_disposed;
        foreach (var gpu in _gpus)
        {
            if (_disposed || _nvml.GetEnergy(gpu.Device, out var now) != NvmlFunctions.Success)
            {
                whole = false;
                continue;
            }

            if (now < gpu.Last) whole = false;
            else _joules += (now - gpu.Last) / 1e3;
            gpu.Last = now;
        }

        joules = _joules;
        return whole;
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _nvml.Shutdown();
    }

    private sealed record Gpu(nint Device)
    {
        public ulong Last { get; set; }
    }
}
