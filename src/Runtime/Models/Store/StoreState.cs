using Hybrid.Storage;

namespace Hybrid.Models.Store;

/// <summary>What the parts of a store share: where things are, and how they are changed.</summary>
internal sealed class StoreState(StoreLayout layout, ModelStoreOptions options, TimeProvider time, IDisk disk, bool readOnly)
{
    public StoreLayout Layout => layout;

    public ModelStoreOptions Options => options;

    public TimeProvider Time => time;

    public IDisk Disk => disk;

    public bool ReadOnly => readOnly;

    public StoreGate Gate { get; } = new(layout.Gate, time);

    /// <summary>Changes the store under its gate.</summary>
    /// <param name="what">What could not be done where it fails, as the beginning of a sentence.</param>
    /// <param name="change">The change.</param>
    public T Change<T>(string what, Func<T> change)
    {
        if (readOnly)
            throw new HybridException(HybridError.Storage, $"{what}: the model store '{layout.Root}' is read-only. Nothing was changed. Use another folder, or change its rights.");
        return Guarded(what, () => Gate.Run(change));
    }

    /// <inheritdoc cref="Change{T}" />
    public void Change(string what, Action change) => Change(what, () =>
    {
        change();
        return true;
    });

    /// <summary>Turns the file system's faults into the SDK's.</summary>
    public T Guarded<T>(string what, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception exception) when (StorageFaults.IsOurs(exception))
        {
            throw StorageFaults.Translate(exception, $"{what} in '{layout.Root}'", "What was in the store before is unchanged, and what was fetched is kept.");
        }
    }

    /// <summary>Puts a file in place whole: after a power loss the old one is there or the new one.</summary>
    public void Replace(string path, ReadOnlySpan<byte> bytes)
    {
        layout.Own(path);
        var folder = Path.GetDirectoryName(path)!;
        MakeFolder(folder);
        var unfinished = Path.Combine(folder, $"{StoreLayout.New}{Guid.NewGuid():N}");
        try
        {
            disk.Write(unfinished, bytes);
            disk.Move(unfinished, path);
        }
        catch (Exception exception) when (StorageFaults.IsOurs(exception))
        {
            disk.Delete(unfinished);
            throw;
        }

        disk.FlushFolder(folder);
    }

    /// <summary>Makes a folder so that its name lasts.</summary>
    public void MakeFolder(string path)
    {
        if (Directory.Exists(path))
            return;
        var parent = Path.GetDirectoryName(path)!;
        MakeFolder(parent);
        disk.CreateFolder(path);
        disk.FlushFolder(parent);
    }

    /// <summary>Deletes a folder of the store and what is in it, never through a link.</summary>
    public void DeleteTree(string folder)
    {
        if (new FileInfo(folder).LinkTarget is not null)
        {
            disk.Delete(folder);
            return;
        }

        if (!Directory.Exists(folder))
            return;
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            if (entry is DirectoryInfo && entry.LinkTarget is null)
                DeleteTree(entry.FullName);
            else
                disk.Delete(entry.FullName);
        }

        disk.DeleteFolder(folder);
    }
}
