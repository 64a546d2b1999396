using Hybrid.Engines.LlamaCpp.Gpu;
using Hybrid.Engines.LlamaCpp.Native;

namespace Hybrid.Engines.LlamaCpp;

/// <summary>What llama.cpp found on this machine.</summary>
/// <param name="Version">The library's own version.</param>
/// <param name="Folder">Where it was loaded from.</param>
/// <param name="Features">The instruction sets and options of its build, as it prints them.</param>
/// <param name="Devices">What can decode, the processor included.</param>
public sealed record LlamaSystem(string Version, string Folder, string Features, IReadOnlyList<LlamaDevice> Devices)
{
    /// <summary>Begins to load the libraries on another thread, for an app that will soon need them and has other things to do meanwhile; what fails is said to whoever needs them.</summary>
    /// <param name="nativePath">As of <see cref="Inspect"/>.</param>
    /// <returns>Ends without a fault. A process must not exit before: libraries do not bear to be loaded and unloaded at once.</returns>
    internal static Task LoadAheadAsync(string? nativePath) => Task.Run(() =>
    {
        try
        {
            NativeLibraries.EnsureLoaded(nativePath);
        }
        catch (HybridException)
        {
            // Nobody has asked for them yet.
        }
    });

    /// <summary>Loads the libraries and asks them.</summary>
    /// <param name="nativePath">The folder of the libraries; null: HYBRID_LLAMA_PATH, else beside the app.</param>
    /// <exception cref="HybridException">They are missing or of another version (<see cref="HybridError.NativeLibrary"/>).</exception>
    public static unsafe LlamaSystem Inspect(string? nativePath = null)
    {
        NativeLibraries.EnsureLoaded(nativePath);
        var devices = new LlamaDevice[(int)NativeMethods.ggml_backend_dev_count()];
        for (var i = 0; i < devices.Length; i++)
        {
            devices[i] = GpuDevices.Describe(NativeMethods.ggml_backend_dev_get((nuint)i));
        }

        return new(
            NativeLibraries.Utf8(NativeMethods.llama_version()),
            NativeLibraries.Folder!,
            NativeLibraries.Utf8(NativeMethods.llama_print_system_info()).Trim(' ', '|'),
            devices)
        { GpuProblem = GpuDevices.Problem(NativeLibraries.Folder!) };
    }

    /// <summary>Why the libraries for a GPU that lie beside the others are not in use.</summary>
    /// <value>Null: there are none, or they are.</value>
    public string? GpuProblem { get; private init; }
}

/// <summary>A processor or a GPU that can decode.</summary>
/// <param name="Name">llama.cpp's short name, e.g. <c>CPU</c> or <c>CUDA0</c>.</param>
/// <param name="Description">The product.</param>
/// <param name="TotalBytes">Its memory.</param>
/// <param name="FreeBytes">What was free of it.</param>
public sealed record LlamaDevice(string Name, string Description, long TotalBytes, long FreeBytes);
