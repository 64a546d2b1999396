using Hybrid.Storage;

namespace Hybrid.Edge.Outbox;

/// <summary>A folder of the file system, for one process at a time.</summary>
internal sealed class LogFolder : ILogDisk
{
    private readonly string _path;
    private readonly FileLock _lock;
    private readonly Dictionary<string, FileStream> _appending = [];

    private LogFolder(string path, FileLock held) => (_path, _lock) = (path, held);

    /// <exception cref="HybridException">It cannot be used, or another process has it.</exception>
    public static LogFolder Open(string path)
    {
        var full = Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(full);
            return FileLock.TryTake(Path.Combine(full, "lock")) is { } held
                ? new(full, held)
                : throw new HybridException(HybridError.Storage, $"The outbox '{full}' is in use by another process, and two would send everything twice. Nothing was changed. End the other process, or give this one its own folder.");
        }
        catch (Exception exception) when (StorageFaults.IsOurs(exception))
        {
            throw StorageFaults.Translate(exception, $"The outbox '{full}' could not be opened", "Nothing was changed.");
        }
    }

    public IReadOnlyList<string> List() => [.. Directory.EnumerateFiles(_path).Select(file => Path.GetFileName(file))];

    public byte[] ReadAll(string name) => File.ReadAllBytes(At(name));

    public int Read(string name, long offset, Span<byte> bytes)
    {
        using var file = File.OpenHandle(At(name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var read = 0;
        while (read < bytes.Length && RandomAccess.Read(file, bytes[read..], offset + read) is > 0 and var more) read += more;
        return read;
    }

    public void Create(string name) => _appending[name] = new(At(name), FileMode.CreateNew, FileAccess.Write, FileShare.Read | FileShare.Delete, bufferSize: 0);

    public void Append(string name, ReadOnlySpan<byte> bytes) => _appending[name].Write(bytes);

    public void Flush(string name) => _appending[name].Flush(flushToDisk: true);

    public void Cut(string name, long length)
    {
        Close(name);
        using var file = new FileStream(At(name), FileMode.Open, FileAccess.Write, FileShare.Read, bufferSize: 0);
        file.SetLength(length);
        file.Flush(flushToDisk: true);
    }

    public void Delete(string name)
    {
        Close(name);
        File.Delete(At(name));
    }

    public void FlushFolder() => FolderSync.Flush(_path);

    public void Dispose()
    {
        foreach (var file in _appending.Values) file.Dispose();
        _appending.Clear();
        _lock.Dispose();
    }

    private void Close(string name)
    {
        if (_appending.Remove(name, out var file)) file.Dispose();
    }

    private string At(string name) => Path.Combine(_path, name);
}
