namespace Hybrid.Models.Store;

/// <summary>The names of a store and the manifests that they stand for.</summary>
internal sealed class StoreNames(StoreState state)
{
    /// <summary>The manifest of a name; null where there is none.</summary>
    /// <exception cref="FormatException">What is there is no manifest, or one of another name.</exception>
    public ModelManifest? Read(ModelName name)
    {
        if (ReadFile(state.Layout.Own(state.Layout.Name(name))) is not { } manifest)
            return null;
        return manifest.Name == name ? manifest : throw new FormatException($"it is the manifest of '{manifest.Name}'");
    }

    /// <summary>Every name with its manifest, or with what is wrong with it.</summary>
    public IEnumerable<(ModelName Name, ModelManifest? Manifest, string? Problem)> All()
    {
        foreach (var folder in new DirectoryInfo(state.Layout.Names).EnumerateDirectories().OrderBy(one => one.Name, StringComparer.Ordinal))
        {
            if (folder.LinkTarget is not null)
                continue;
            foreach (var file in folder.EnumerateFiles().OrderBy(one => one.Name, StringComparer.Ordinal))
            {
                if (StoreLayout.NameOf(file.FullName) is { } name)
                    yield return Try(name);
            }
        }
    }

    public void Write(ModelManifest manifest) => state.Replace(state.Layout.Name(manifest.Name), ManifestJson.Write(manifest));

    public void Delete(ModelName name)
    {
        var folder = state.Layout.NamesOf(name);
        state.Disk.Delete(state.Layout.Own(state.Layout.Name(name)));
        state.Disk.FlushFolder(folder);
        if (!Directory.EnumerateFileSystemEntries(folder).Any())
            state.Disk.DeleteFolder(folder);
    }

    /// <summary>The manifest in a file; null where there is no file.</summary>
    public static ModelManifest? ReadFile(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
            if (file.Length > ManifestJson.Largest)
                throw new FormatException($"it is larger than {ManifestJson.Largest >> 20} MB");
            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return ManifestJson.Read(bytes);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (EndOfStreamException exception)
        {
            throw new FormatException("it is cut short", exception);
        }
    }

    private (ModelName Name, ModelManifest? Manifest, string? Problem) Try(ModelName name)
    {
        try
        {
            return (name, Read(name), null);
        }
        catch (Exception exception) when (exception is FormatException or HybridException)
        {
            return (name, null, $"its manifest cannot be used: {exception.Message.TrimEnd('.')}");
        }
    }
}
