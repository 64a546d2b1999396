using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Hybrid.Models.Prefetch;

/// <summary>What of a file is in the system's page cache. Linux alone tells; elsewhere nothing is known and nothing done.</summary>
internal static unsafe partial class PageCache
{
    private const int ReadOnly = 1; // PROT_READ
    private const int Shared = 1; // MAP_SHARED
    private const int DontNeed = 4; // POSIX_FADV_DONTNEED
    private const long Window = 1L << 30; // of the file, looked at in one go
    private const nint Failed = -1;

    /// <summary>The share of a file's pages that are in memory, 0 to 1; null where that is not known.</summary>
    /// <remarks>The kernel shows it to who owns the file or may write it; to others it says that all of it is there.</remarks>
    public static double? ResidentShare(string path)
    {
        if (!OperatingSystem.IsLinux()) return null;
        try
        {
            using var file = File.OpenHandle(path);
            return ResidentShare(file, RandomAccess.GetLength(file));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The share of several files' pages that are in memory, 0 to 1; null where that is not known of one.</summary>
    public static double? ResidentShare(IReadOnlyList<string> paths)
    {
        var (resident, all) = (0.0, 0L);
        foreach (var path in paths)
        {
            if (ResidentShare(path) is not { } share) return null;
            var length = new FileInfo(path) is { Exists: true } file ? file.Length : 0;
            (resident, all) = (resident + (share * length), all + length);
        }

        return all == 0 ? 1 : resident / all;
    }

    /// <summary>Drops a file's pages, those that nobody has mapped; for measurements.</summary>
    /// <returns>Whether the system took the advice.</returns>
    public static bool Evict(string path)
    {
        if (!OperatingSystem.IsLinux()) return false;
        using var file = File.OpenHandle(path);
        return Advise((int)file.DangerousGetHandle(), 0, 0, DontNeed) == 0;
    }

    private static double? ResidentShare(SafeFileHandle file, long length)
    {
        if (length == 0) return 1;
        var page = Environment.SystemPageSize;
        var (resident, pages) = (0L, 0L);
        for (var at = 0L; at < length; at += Window)
        {
            var size = Math.Min(Window, length - at);
            var count = (int)((size + page - 1) / page);
            var states = new byte[count];
            var address = Map(0, (nuint)size, ReadOnly, Shared, (int)file.DangerousGetHandle(), at);
            if (address == Failed) return null;
            int status;
            fixed (byte* first = states) status = InCore(address, (nuint)size, first);
            _ = Unmap(address, (nuint)size);
            if (status != 0) return null;
            foreach (var state in states) resident += state & 1;
            pages += count;
        }

        return (double)resident / pages;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "mincore")]
    private static partial int InCore(nint address, nuint length, byte* states);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(int file, long offset, long length, int advice);
}
