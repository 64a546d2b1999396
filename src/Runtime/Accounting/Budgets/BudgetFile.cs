using System.Text;
using Hybrid.Storage;

namespace Hybrid.Accounting.Budgets;

/// <summary>The file on disk: lines are appended, and the whole is replaced in one step; one process at a time has it.</summary>
internal sealed class BudgetFile : IDisposable
{
    private readonly string _path;
    private readonly FileStream _lock;
    private FileStream? _file;

    private BudgetFile(string path, FileStream held) => (_path, _lock) = (path, held);

    public string Path => _path;

    public long Length { get; private set; }

    /// <summary>Takes the file for this process.</summary>
    public static BudgetFile Open(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        // The file itself is replaced now and then, so the lock is beside it. It is never deleted: another may just have opened it.
        var beside = full + ".lock";
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!);
            return new(full, new FileStream(beside, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new HybridException(
                HybridError.Storage,
                $"The budget file '{full}' could not be taken: {failure.Message} Only one process at a time may keep it, or they would spend the same money twice. Nothing was changed. End the other process, or give this one its own Hybrid:Budgets:Path.",
                failure);
        }
    }

    /// <summary>The lines that are there, the last one only if it is whole.</summary>
    public string[] Read()
    {
        try
        {
            if (!File.Exists(_path)) return [];
            var text = Encoding.Latin1.GetString(File.ReadAllBytes(_path));
            var lines = text.Split('\n');
            // Ours is put in place whole, so it has a whole line at least; what has none is shown as it is, and refused.
            return text.Length > 0 && lines.Length == 1 ? lines : lines[..^1];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new HybridException(HybridError.Storage, $"The budget file '{_path}' could not be read: {failure.Message} Nothing was changed. Make it readable, or move it away to begin with nothing spent.", failure);
        }
    }

    /// <summary>Keeps a copy of a damaged file for whoever wants to look.</summary>
    public void KeepDamaged() => File.Copy(_path, _path + ".damaged", overwrite: true);

    /// <summary>Adds lines behind the others; they may be lost until <see cref="Flush"/>.</summary>
    public void Append(string lines)
    {
        _file ??= OpenEnd();
        var bytes = Encoding.UTF8.GetBytes(lines);
        _file.Write(bytes);
        Length += bytes.Length;
    }

    public void Flush() => _file?.Flush(flushToDisk: true);

    /// <summary>Puts new lines in the place of all; after a power loss there are the old ones or the new ones.</summary>
    public void Replace(string lines)
    {
        _file?.Dispose();
        _file = null;
        var temporary = _path + ".new";
        var bytes = Encoding.UTF8.GetBytes(lines);
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, _path, overwrite: true);
        FolderSync.Flush(System.IO.Path.GetDirectoryName(_path)!);
        _file = OpenEnd();
        Length = bytes.Length;
    }

    public void Dispose()
    {
        _file?.Dispose();
        _lock.Dispose();
    }

    private FileStream OpenEnd() => new(_path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
}
