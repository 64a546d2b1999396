using System.Runtime.InteropServices;

namespace Hybrid.Engines.LlamaCpp.Native;

/// <summary>Gives what llama.cpp has freed back to the system.</summary>
/// <remarks>
/// glibc keeps freed blocks in the arena of the thread that made them, up to 32 MB each after the first. Models are loaded on
/// the pool's many threads, so that a process that loads and unloads would keep tens of megabytes for every one of those.
/// Other systems' allocators give back by themselves.
/// </remarks>
internal static unsafe class FreedMemory
{
    private static readonly delegate* unmanaged[Cdecl]<nuint, int> Trim =
        OperatingSystem.IsLinux() && NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "malloc_trim", out var address)
            ? (delegate* unmanaged[Cdecl]<nuint, int>)address
            : null;

    /// <summary>Takes milliseconds; worth it after a model or a context has ended.</summary>
    public static void Return()
    {
        if (Trim != null)
            _ = Trim(0);
    }
}
