using System.Runtime.InteropServices;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Engines.LlamaCpp.Native;

namespace Hybrid.Tests.Engines.LlamaCpp;

[Collection("llama.cpp")]
public sealed partial class NativeLibraryTests
{
    [Fact]
    public void A_second_folder_is_refused_with_both_named()
    {
        NativeLibraries.EnsureLoaded(null);
        var other = Path.Combine(AppContext.BaseDirectory, "other");
        var error = Assert.Throws<HybridException>(() => NativeLibraries.EnsureLoaded(other));
        Assert.Equal(HybridError.NativeLibrary, error.Error);
        Assert.Contains(other, error.Message, StringComparison.Ordinal);
        Assert.Contains(NativeLibraries.Folder!, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_folder_in_other_words_is_taken()
    {
        NativeLibraries.EnsureLoaded(null);
        NativeLibraries.EnsureLoaded(NativeLibraries.Folder + Path.DirectorySeparatorChar);
        NativeLibraries.EnsureLoaded(Path.Combine(NativeLibraries.Folder!, "..", Path.GetFileName(NativeLibraries.Folder!)));
    }

    [Fact]
    public void Many_threads_load_once()
    {
        Parallel.For(0, 8, _ => NativeLibraries.EnsureLoaded(null));
        Assert.NotNull(NativeLibraries.Folder);
    }

    [Fact]
    public void Native_code_sees_that_a_failed_assert_must_not_start_a_debugger()
    {
        if (OperatingSystem.IsWindows())
            return;
        NativeLibraries.EnsureLoaded(null);
        Assert.Equal("1", Marshal.PtrToStringUTF8(getenv("GGML_NO_BACKTRACE")));
    }

    [Fact]
    public void The_system_is_described()
    {
        var system = LlamaSystem.Inspect();
        Assert.StartsWith(NativeLibraries.Version, system.Version, StringComparison.Ordinal);
        Assert.Equal(NativeLibraries.Folder, system.Folder);
        Assert.Contains(system.Devices, device => device.Name == "CPU" && device.TotalBytes > 0);
        Assert.NotEmpty(system.Features);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint getenv(string name);
}
