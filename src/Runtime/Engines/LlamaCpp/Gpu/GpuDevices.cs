using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;
using Hybrid.Accounting;
using Hybrid.Engines.LlamaCpp.Native;

namespace Hybrid.Engines.LlamaCpp.Gpu;

/// <summary>The GPUs that the loaded libraries can put layers on.</summary>
internal static unsafe class GpuDevices
{
    private static readonly Meter Meter = new(HybridMeter.Name);
    private static readonly ObservableGauge<long> Memory = Meter.CreateObservableGauge("hybrid.engine.gpu_memory", Measure, "By", "Memory of each GPU, by state: used or free.");

    /// <summary>All of them, with what is free on each now; none where the libraries have no backend for one, or it found no device.</summary>
    public static IReadOnlyList<LlamaDevice> All()
    {
        _ = Memory; // from the first look on, it is measured
        var found = new List<LlamaDevice>();
        for (nuint i = 0; i < NativeMethods.ggml_backend_dev_count(); i++)
        {
            const int Gpu = 1;
            const int IntegratedGpu = 2;
            var device = NativeMethods.ggml_backend_dev_get(i);
            if (NativeMethods.ggml_backend_dev_type(device) is Gpu or IntegratedGpu) found.Add(Describe(device));
        }

        return found;
    }

    /// <summary>A device's name, product and memory.</summary>
    public static LlamaDevice Describe(nint device)
    {
        nuint free, total;
        NativeMethods.ggml_backend_dev_memory(device, &free, &total);
        return new(NativeLibraries.Utf8(NativeMethods.ggml_backend_dev_name(device)), NativeLibraries.Utf8(NativeMethods.ggml_backend_dev_description(device)).Trim(), (long)total, (long)free);
    }

    /// <summary>Why a backend for GPUs that lies among the libraries is not in use; null: there is none, or it is.</summary>
    /// <param name="folder">The libraries'.</param>
    public static string? Problem(string folder)
    {
        if (All().Count > 0) return null;
        foreach (var kind in (string[])["cuda", "vulkan", "hip"])
        {
            if (Directory.EnumerateFiles(folder).FirstOrDefault(file => Path.GetFileName(file).Contains($"ggml-{kind}", StringComparison.OrdinalIgnoreCase)) is { } file)
                return $"{Path.GetFileName(file)} is here, but {WhyNot(file)}. Models run on the processor meanwhile; native/README.md says what a GPU needs.";
        }

        return null;
    }

    private static string WhyNot(string file)
    {
        try
        {
            NativeLibrary.Load(file); // It stays: to unload a library that has found a driver is not safe.
            return "it found no GPU that it can use";
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
        {
            // The lines before the last are advice for those who debug.
            return $"it cannot be loaded: {exception.Message.Trim().Split('\n')[^1].Trim().TrimEnd('.')}";
        }
    }

    private static IEnumerable<Measurement<long>> Measure() => All().SelectMany(device => (Measurement<long>[])
    [
        new(device.TotalBytes - device.FreeBytes, new("device", device.Name), new("state", "used")),
        new(device.FreeBytes, new("device", device.Name), new("state", "free")),
    ]);
}
