namespace Hybrid.Storage;

/// <summary>A lock on a file, known to all processes; it ends with the process that has it.</summary>
/// <remarks>Some network file systems grant every lock. What depends on one must come out right without it, or say so.</remarks>
internal sealed class FileLock : IDisposable
{
    private readonly FileStream _file;

    private FileLock(FileStream file) => _file = file;

    /// <summary>The lock alone; null while another one has it or shares it.</summary>
    public static FileLock? TryTake(string path) => Try(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    /// <summary>The lock beside others that share it; null while another one has it alone.</summary>
    public static FileLock? TryShare(string path) => Try(path, FileMode.OpenOrCreate, FileAccess.Read, FileShare.Read);

    /// <summary>Whether another one has or shares the lock of a file, which may not be there.</summary>
    public static bool IsHeld(string path)
    {
        try
        {
            using var taken = Try(path, FileMode.Open, FileAccess.Read, FileShare.None);
            return taken is null;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Whether the path still names the file that is locked, not another one that took its name.</summary>
    public bool StillNamed(string path) => FileIdentity.Of(path) is { } named && named.IsSameFile(FileIdentity.Of(_file.SafeFileHandle));

    public void Dispose() => _file.Dispose();

    private static FileLock? Try(string path, FileMode mode, FileAccess access, FileShare share)
    {
        try
        {
            return new(new FileStream(path, mode, access, share, bufferSize: 0));
        }
        catch (IOException exception) when (IsTaken(exception))
        {
            return null;
        }
    }

    // EWOULDBLOCK on Linux and on macOS; ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION.
    private static bool IsTaken(IOException exception) => exception.HResult is 11 or 35 or unchecked((int)0x80070020) or unchecked((int)0x80070021);
}
