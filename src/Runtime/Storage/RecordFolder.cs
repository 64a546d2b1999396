namespace Hybrid.Storage;

/// <summary>Small records, each a file that is put, renamed and removed whole; what was done is so after a power loss, and the owner alone can read it.</summary>
/// <remarks>One process at a time has it. Not thread-safe.</remarks>
internal sealed class RecordFolder : IDisposable
{
    private const string LockName = ".lock";
    private readonly string _path;
    private readonly IDisk _disk;
    private readonly FileLock _lock;

    private RecordFolder(string path, IDisk disk, FileLock held) => (_path, _disk, _lock) = (path, disk, held);

    /// <summary>What is there, the oldest first, with the time of its last change.</summary>
    public IReadOnlyList<(string Name, DateTimeOffset Changed)> All => [.. new DirectoryInfo(_path).EnumerateFiles()
        .Where(file => file.Name != LockName)
        .OrderBy(file => file.LastWriteTimeUtc).ThenBy(file => file.Name, StringComparer.Ordinal)
        .Select(file => (file.Name, new DateTimeOffset(file.LastWriteTimeUtc)))];

    /// <summary>Takes the folder for this process; makes it where it is missing.</summary>
    /// <exception cref="HybridException">Another process has it, or nothing can be written there (<see cref="HybridError.Storage"/>).</exception>
    public static RecordFolder Open(string path, IDisk disk)
    {
        var full = Path.GetFullPath(path);
        return Do($"The folder '{full}' could not be taken", "Nothing was changed.", () =>
        {
            disk.CreateFolder(full);
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var held = FileLock.TryTake(Path.Combine(full, LockName))
                ?? throw new HybridException(HybridError.Storage, $"Another process has the folder '{full}'. Nothing was changed. End that process, or give this one a folder of its own.");
            foreach (var file in Directory.EnumerateFiles(full, "*" + WholeFile.Unfinished)) disk.Delete(file);
            return new RecordFolder(full, disk, held);
        });
    }

    /// <summary>Puts a record in the place of one of the same name.</summary>
    public void Put(string name, ReadOnlySpan<byte> bytes)
    {
        var (to, copy) = (Path.Combine(_path, name), bytes.ToArray());
        Do($"'{to}' could not be written", "What was there before is still there.", () =>
        {
            WholeFile.Replace(_disk, to, copy, ownerOnly: true);
            return true;
        });
    }

    public byte[] Read(string name) => Do($"'{Path.Combine(_path, name)}' could not be read", "It was left as it is.", () => File.ReadAllBytes(Path.Combine(_path, name)));

    public void Rename(string from, string to) => Do($"'{Path.Combine(_path, from)}' could not be renamed", "It has its old name or its new one.", () =>
    {
        _disk.Move(Path.Combine(_path, from), Path.Combine(_path, to));
        _disk.FlushFolder(_path);
        return true;
    });

    public void Remove(params IEnumerable<string> names) => Do($"A file of '{_path}' could not be removed", "It may still be there.", () =>
    {
        foreach (var name in names) _disk.Delete(Path.Combine(_path, name));
        _disk.FlushFolder(_path);
        return true;
    });

    public void Dispose() => _lock.Dispose();

    private static T Do<T>(string failed, string kept, Func<T> step)
    {
        try
        {
            return step();
        }
        catch (Exception failure) when (StorageFaults.IsOurs(failure))
        {
            throw StorageFaults.Translate(failure, failed, kept);
        }
    }
}
