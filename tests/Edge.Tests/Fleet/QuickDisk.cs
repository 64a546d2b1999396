using Hybrid.Storage;

namespace Hybrid.Edge.Tests.Fleet;

/// <summary>The file system without waiting for the disk, where a test writes a file a thousand times.</summary>
internal sealed class QuickDisk : IDisk
{
    public void CreateFolder(string path) => Directory.CreateDirectory(path);

    public void Write(string path, ReadOnlySpan<byte> bytes) => File.WriteAllBytes(path, bytes);

    public void Flush(string path)
    {
    }

    public void FlushFolder(string path)
    {
    }

    public void Move(string from, string to) => File.Move(from, to, overwrite: true);

    public bool Link(string file, string link) => Disk.Real.Link(file, link);

    public bool Point(string file, string link) => Disk.Real.Point(file, link);

    public void Seal(string path) => Disk.Real.Seal(path);

    public void Touch(string path, DateTimeOffset time) => Disk.Real.Touch(path, time);

    public void Delete(string path) => Disk.Real.Delete(path);

    public void DeleteFolder(string path) => Disk.Real.DeleteFolder(path);
}
