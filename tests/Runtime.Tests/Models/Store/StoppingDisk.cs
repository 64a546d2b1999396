using Hybrid.Storage;

namespace Hybrid.Tests.Models.Store;

/// <summary>The process ends at one step of the file system, which is done in full, by half or not at all. Flushes are only noted.</summary>
internal sealed class StoppingDisk(int steps, StoppingDisk.Last last) : IDisk
{
    private readonly List<string> _log = [];
    private int _left = steps;

    /// <summary>One that goes on.</summary>
    public static StoppingDisk Never() => new(int.MaxValue, Last.Done);

    internal enum Last
    {
        NotDone,
        HalfDone,
        Done,
    }

    /// <summary>Whether the process went on to its end.</summary>
    public bool WentOn => _left >= 0;

    /// <summary>What was done, in order.</summary>
    public IReadOnlyList<string> Log => _log;

    public void CreateFolder(string path) => Step($"folder {path}", () => Disk.Real.CreateFolder(path));

    public void Write(string path, ReadOnlySpan<byte> bytes)
    {
        var all = bytes.ToArray();
        Step($"write {path}", () => File.WriteAllBytes(path, all), () => File.WriteAllBytes(path, all[..(all.Length / 2)]));
    }

    public void Flush(string path) => Step($"flush {path}", () => Assert.True(File.Exists(path)));

    public void FlushFolder(string path) => Step($"flush-folder {path}", () => Assert.True(Directory.Exists(path)));

    public void Move(string from, string to) => Step($"move {from} {to}", () => Disk.Real.Move(from, to));

    public bool Link(string file, string link)
    {
        Step($"link {file} {link}", () => Assert.True(Disk.Real.Link(file, link)));
        return true;
    }

    public bool Point(string file, string link)
    {
        Step($"point {file} {link}", () => Assert.True(Disk.Real.Point(file, link)));
        return true;
    }

    public void Seal(string path) => Step($"seal {path}", () => Disk.Real.Seal(path));

    public void Touch(string path, DateTimeOffset time) => Step($"touch {path}", () => Disk.Real.Touch(path, time), () => File.OpenWrite(path).Dispose());

    public void Delete(string path) => Step($"delete {path}", () => Disk.Real.Delete(path));

    public void DeleteFolder(string path) => Step($"delete-folder {path}", () => Disk.Real.DeleteFolder(path));

    private void Step(string what, Action whole, Action? half = null)
    {
        if (_left < 0)
            throw new StoppedException();
        if (_left-- > 0)
        {
            whole();
            _log.Add(what);
            return;
        }

        if (last is Last.Done)
            whole();
        else if (last is Last.HalfDone)
            half?.Invoke();
        throw new StoppedException();
    }
}

/// <summary>The process is no more.</summary>
internal sealed class StoppedException : Exception;
