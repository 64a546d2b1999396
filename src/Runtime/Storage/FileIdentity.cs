using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Hybrid.Storage;

/// <summary>What tells that a file is still the one that it was: size, time of the last write and, where the system has one, its number.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="Modified">Ticks of the last write, in UTC.</param>
/// <param name="Number">The inode or file index, mixed with its volume; 0 where the system tells none.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly partial record struct FileIdentity(long Size, long Modified, ulong Number)
{
    private const int CurrentFolder = -100;
    private const int EmptyPath = 0x1000;
    private const uint BasicFields = 0x7ff;

    /// <summary>Of the file that a path names, links followed; null where there is none.</summary>
    public static FileIdentity? Of(string path)
    {
        var file = Follow(path);
        if (!file.Exists)
            return null;
        return new(file.Length, file.LastWriteTimeUtc.Ticks, OperatingSystem.IsWindows() ? WindowsNumber(file.FullName) : LinuxNumber(CurrentFolder, file.FullName, 0));
    }

    /// <summary>The file that a path names, links followed; it may not be there.</summary>
    public static FileInfo Follow(string path)
    {
        var file = new FileInfo(path);
        return file.LinkTarget is not null && file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target ? target : file;
    }

    /// <summary>Of an open file.</summary>
    public static FileIdentity Of(SafeFileHandle handle) => new(
        RandomAccess.GetLength(handle),
        File.GetLastWriteTimeUtc(handle).Ticks,
        OperatingSystem.IsWindows() ? NumberOf(handle) : LinuxNumber((int)handle.DangerousGetHandle(), "", EmptyPath));

    /// <summary>Whether both are one file, whatever was written to it meanwhile.</summary>
    public bool IsSameFile(FileIdentity other) => Number == other.Number;

    /// <summary>One line.</summary>
    public override string ToString() => FormattableString.Invariant($"{Size} {Modified} {Number}");

    private static ulong LinuxNumber(int folder, string path, int flags)
    {
        if (!OperatingSystem.IsLinux())
            return 0;
        try
        {
            return Statx(folder, path, flags, BasicFields, out var status) == 0 ? status.Inode ^ Mixed(status.DeviceMajor, status.DeviceMinor) : 0;
        }
        catch (EntryPointNotFoundException)
        {
            return 0;
        }
    }

    private static ulong Mixed(uint major, uint minor) => (((ulong)major << 32) | minor) * 0x9E3779B97F4A7C15;

    private static ulong WindowsNumber(string path)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return NumberOf(handle);
    }

    private static ulong NumberOf(SafeFileHandle handle) => GetFileInformationByHandle(handle, out var information)
        ? (((ulong)information.IndexHigh << 32) | information.IndexLow) ^ Mixed(0, information.Volume)
        : 0;

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, out LinuxStatus status);

    [LibraryImport("kernel32", EntryPoint = "GetFileInformationByHandle")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetFileInformationByHandle(SafeFileHandle handle, out WindowsInformation information);

    /// <summary><c>struct statx</c>, the same on every Linux.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct LinuxStatus
    {
        [FieldOffset(32)] public ulong Inode;
        [FieldOffset(136)] public uint DeviceMajor;
        [FieldOffset(140)] public uint DeviceMinor;
    }

    /// <summary><c>BY_HANDLE_FILE_INFORMATION</c>.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 52)]
    private struct WindowsInformation
    {
        [FieldOffset(28)] public uint Volume;
        [FieldOffset(44)] public uint IndexHigh;
        [FieldOffset(48)] public uint IndexLow;
    }
}
