namespace Hybrid.Policy.Log;

/// <summary>The log's file: appended to by whole lines, put aside when it is full. Not thread-safe.</summary>
/// <param name="options">Where, how large, how many.</param>
/// <param name="open">Opens a file for appending.</param>
internal sealed class LogFile(DecisionLogOptions options, Func<string, Stream> open) : IDisposable
{
    private FileStream? _lock;
    private Stream? _stream;
    private long _length;

    /// <summary>Opens it where it is closed; throws <see cref="IOException"/> where another process has it.</summary>
    /// <returns>True: it was closed, and what earlier files define must be written again.</returns>
    public bool Open()
    {
        if (_stream is not null)
            return false;
        var folder = Path.GetDirectoryName(Path.GetFullPath(options.Path));
        if (folder is not null)
            Directory.CreateDirectory(folder);

        // Two processes would write over each other's lines; readers, though, may come at any time.
        _lock ??= new(options.Path + ".lock", FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        var (length, whole) = End(options.Path);
        _stream = open(options.Path);
        _length = length;
        if (!whole)
            Write("\n"u8); // a line was cut off, by a full disk or a crash
        return true;
    }

    /// <summary>Whether so many bytes more belong in the next file.</summary>
    public bool IsFullFor(int bytes) => _length > 0 && _length + bytes > options.MaxFileSize;

    /// <summary>Puts the file aside and begins a new one.</summary>
    public void Rotate()
    {
        Close();
        File.Delete(options.Aside(options.KeptFiles));
        for (var age = options.KeptFiles - 1; age > 0; age--)
        {
            if (File.Exists(options.Aside(age)))
                File.Move(options.Aside(age), options.Aside(age + 1));
        }

        if (options.KeptFiles > 0)
            File.Move(options.Path, options.Aside(1));
        else
            File.Delete(options.Path);
        Open();
    }

    public void Write(ReadOnlySpan<byte> lines)
    {
        _stream!.Write(lines);
        _stream.Flush();
        _length += lines.Length;
    }

    /// <summary>Closes the file; it is still ours.</summary>
    public void Close()
    {
        var stream = _stream;
        _stream = null;
        stream?.Dispose();
    }

    public void Dispose()
    {
        Close();
        _lock?.Dispose();
        _lock = null;
    }

    /// <summary>Opens a file so that each write reaches the system at once.</summary>
    public static Stream OpenToAppend(string path) => new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    private static (long Length, bool Whole) End(string path)
    {
        if (!File.Exists(path))
            return (0, true);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (file.Length == 0)
            return (0, true);
        file.Seek(-1, SeekOrigin.End);
        return (file.Length, file.ReadByte() == '\n');
    }
}
