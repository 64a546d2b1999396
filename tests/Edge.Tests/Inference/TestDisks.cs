using Hybrid.Storage;

namespace Hybrid.Edge.Tests.Inference;

/// <summary>The real disk, with a copy of one folder kept after each step: what a power loss there would leave.</summary>
internal sealed class CopyingDisk(string folder, Action<string> copied, string keep) : ForwardingDisk
{
    private readonly Lock _lock = new();
    private int _copies;

    protected override void Did()
    {
        lock (_lock)
        {
            var copy = Path.Combine(keep, $"{_copies++}");
            Directory.CreateDirectory(copy);
            foreach (var file in Directory.EnumerateFiles(folder).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal))) File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
            copied(copy);
        }
    }
}

/// <summary>A disk without room.</summary>
internal sealed class FullDisk : ForwardingDisk
{
    public override void Write(string path, ReadOnlySpan<byte> bytes) => throw new IOException("No space left on device", 28);
}

internal abstract class ForwardingDisk : IDisk
{
    public void CreateFolder(string path) => Disk.Real.CreateFolder(path);

    public virtual void Write(string path, ReadOnlySpan<byte> bytes)
    {
        Disk.Real.Write(path, bytes);
        Did();
    }

    public void Flush(string path) => Disk.Real.Flush(path);

    public void FlushFolder(string path) => Disk.Real.FlushFolder(path);

    public void Move(string from, string to)
    {
        Disk.Real.Move(from, to);
        Did();
    }

    public bool Link(string file, string link) => Disk.Real.Link(file, link);

    public bool Point(string file, string link) => Disk.Real.Point(file, link);

    public void Seal(string path) => Disk.Real.Seal(path);

    public void Touch(string path, DateTimeOffset time) => Disk.Real.Touch(path, time);

    public void Delete(string path)
    {
        Disk.Real.Delete(path);
        Did();
    }

    public void DeleteFolder(string path) => Disk.Real.DeleteFolder(path);

    protected virtual void Did()
    {
    }
}
