using Hybrid.Storage;

namespace Hybrid.Edge.Fleet;

/// <summary>A small file that is replaced whole: after a power loss there is the old one or the new one.</summary>
internal sealed class DurableFile(string path, IDisk disk)
{
    private const int MostBytes = 4 << 20;

    public string Path => path;

    /// <summary>What is there; null: nothing is.</summary>
    /// <exception cref="HybridException">It cannot be read.</exception>
    public byte[]? Read()
    {
        try
        {
            if (!File.Exists(path)) return null;
            return new FileInfo(path).Length <= MostBytes ? File.ReadAllBytes(path) : [];
        }
        catch (Exception exception) when (StorageFaults.IsOurs(exception))
        {
            throw StorageFaults.Translate(exception, $"'{path}' could not be read", "Nothing was changed.");
        }
    }

    /// <summary>Keeps what nobody can read for whoever wants to look.</summary>
    public void SetAside()
    {
        try
        {
            disk.Move(path, path + ".damaged");
        }
        catch (Exception exception) when (StorageFaults.IsOurs(exception))
        {
            // The next write replaces it.
        }
    }

    /// <exception cref="HybridException">It could not be written; what was there is kept.</exception>
    public void Replace(byte[] bytes)
    {
        try
        {
            disk.CreateFolder(System.IO.Path.GetDirectoryName(path)!);
            WholeFile.Replace(disk, path, bytes);
        }
        catch (Exception exception) when (StorageFaults.IsOurs(exception))
        {
            throw StorageFaults.Translate(exception, $"'{path}' could not be written", "What was in it before is unchanged.");
        }
    }
}
