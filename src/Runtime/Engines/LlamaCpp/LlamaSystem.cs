using Hybrid.Engines.LlamaCpp.Native;

namespace Hybrid.Engines.LlamaCpp;

/// <summary>What llama.cpp found on this machine.</summary>
/// <param name="Version">The library's own version.</param>
/// <param name="Folder">Where it was loaded from.</param>
/// <param name="Features">The instruction sets and options of its build, as it prints them.</param>
/// <param name="Devices">What can decode, the processor included.</param>
public sealed record LlamaSystem(string Version, string Folder, string Features, IReadOnlyList<LlamaDevice> Devices)
{
    /// <summary>Loads the libraries and asks them.</summary>
    /// <param name="nativePath">The folder of the libraries; null: HYBRID_LLAMA_PATH, else beside the app.</param>
    /// <exception cref="HybridException">They are missing or of another version (<see cref="HybridError.NativeLibrary"/>).</exception>
    public static unsafe LlamaSystem Inspect(string? nativePath = null)
    {
        NativeLibraries.EnsureLoaded(nativePath);
        var devices = new LlamaDevice[(int)NativeMethods.ggml_backend_dev_count()];
        for (var i = 0; i < devices.Length; i++)
        {
            var device = NativeMethods.ggml_backend_dev_get((nuint)i);
            nuint free, total;
            NativeMethods.ggml_backend_dev_memory(device, &free, &total);
            devices[i] = new(
                NativeLibraries.Utf8(NativeMethods.ggml_backend_dev_name(device)),
                NativeLibraries.Utf8(NativeMethods.ggml_backend_dev_description(device)).Trim(),
                (long)total,
                (long)free);
        }

        return new(
            NativeLibraries.Utf8(NativeMethods.llama_version()),
            NativeLibraries.Folder!,
            NativeLibraries.Utf8(NativeMethods.llama_print_system_info()).Trim(' ', '|'),
            devices);
    }

    /// <summary>Whether the loaded libraries have a GPU to put layers on.</summary>
    internal static bool HasGpu()
    {
        const int Gpu = 1;
        const int IntegratedGpu = 2;
        return NativeMethods.ggml_backend_dev_by_type(Gpu) != 0 || NativeMethods.ggml_backend_dev_by_type(IntegratedGpu) != 0;
    }
}

/// <summary>A processor or a GPU that can decode.</summary>
/// <param name="Name">llama.cpp's short name, e.g. <c>CPU</c> or <c>CUDA0</c>.</param>
/// <param name="Description">The product.</param>
/// <param name="TotalBytes">Its memory.</param>
/// <param name="FreeBytes">What was free of it.</param>
public sealed record LlamaDevice(string Name, string Description, long TotalBytes, long FreeBytes);
