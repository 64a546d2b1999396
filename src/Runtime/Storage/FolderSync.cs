using System.Runtime.InteropServices;

namespace Hybrid.Storage;

/// <summary>Makes a renamed file's name last through a power loss; .NET opens no folders, so the C library is asked.</summary>
internal static partial class FolderSync
{
    private const int ReadOnly = 0;
    private const int NotSupported = 22; // EINVAL: a file system that cannot do it, and says so

    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows()) return; // NTFS keeps its names in a journal
        var descriptor = Open(folder, ReadOnly);
        if (descriptor < 0) throw Failed(folder);
        try
        {
            if (Sync(descriptor) != 0 && Marshal.GetLastPInvokeError() != NotSupported) throw Failed(folder);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException Failed(string folder) => new($"The folder '{folder}' could not be flushed: {Marshal.GetLastPInvokeErrorMessage()}.");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
