namespace Hybrid.Storage;

/// <summary>The file system.</summary>
internal sealed class Disk : IDisk
{
    public static Disk Real { get; } = new();

    public void CreateFolder(string path) => Directory.CreateDirectory(path);

    public void Write(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        file.Write(bytes);
        file.Flush(flushToDisk: true);
    }

    public void Flush(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        file.Flush(flushToDisk: true);
    }

    public void FlushFolder(string path) => FolderSync.Flush(path);

    public void Move(string from, string to) => File.Move(from, to, overwrite: true);

    public bool Link(string file, string link) => HardLink.TryCreate(file, link) || Point(file, link);

    public bool Point(string file, string link)
    {
        try
        {
            File.CreateSymbolicLink(link, file);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or PlatformNotSupportedException && !StorageFaults.IsFull(exception))
        {
            return false;
        }
    }

    public void Seal(string path)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }

    public void Touch(string path, DateTimeOffset time)
    {
        using (new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0))
        {
            // Only made.
        }

        File.SetLastWriteTimeUtc(path, time.UtcDateTime);
    }

    public void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
            // It was not there.
        }
    }

    public void DeleteFolder(string path)
    {
        try
        {
            Directory.Delete(path);
        }
        catch (Exception exception) when (exception is DirectoryNotFoundException || (exception is IOException && Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any()))
        {
            // It is gone, or somebody has just put something there.
        }
    }
}
