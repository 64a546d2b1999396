using System.Security.Cryptography;
using System.Text;
using Hybrid.Storage;

namespace Hybrid.Models.Store;

/// <summary>The bytes of a store: blobs by their SHA-256, and a folder for each model in which they stand side by side.</summary>
internal sealed class StoreFiles(StoreState state)
{
    /// <summary>Whether a blob is there; where a size is told, with that size.</summary>
    public bool Has(string sha256, long? size = null)
    {
        var file = new FileInfo(state.Layout.Own(state.Layout.Blob(sha256)));
        return file.Exists && (size is null || file.Length == size);
    }

    /// <summary>Takes what was fetched into the blobs; the caller holds the gate.</summary>
    public void Admit(string partial, string sha256)
    {
        var blob = state.Layout.Own(state.Layout.Blob(sha256));
        var fetched = new FileInfo(state.Layout.Own(Inside(partial)));
        var there = new FileInfo(blob);
        if (!fetched.Exists)
        {
            if (there.Exists)
                return; // Another one was quicker.
            throw new HybridException(HybridError.Storage, $"What was fetched is not at '{partial}', and blob {sha256} is not in the store. Nothing was changed. Fetch it again.");
        }

        if (there.Exists && there.Length == fetched.Length)
        {
            // Young again, so that a clean-up leaves it for the commit that follows.
            state.Disk.Touch(blob, state.Time.GetUtcNow());
            state.Disk.Delete(fetched.FullName);
        }
        else
        {
            state.MakeFolder(Path.GetDirectoryName(blob)!);
            state.Disk.Flush(fetched.FullName);
            state.Disk.Seal(fetched.FullName);
            state.Disk.Move(fetched.FullName, blob);
            state.Disk.FlushFolder(Path.GetDirectoryName(blob)!);
        }
    }

    /// <summary>What is wrong with the bytes of a manifest, as far as names, sizes and times tell; null: nothing.</summary>
    public string? Problem(ModelManifest manifest) => manifest.Files.Select(Problem).FirstOrDefault(problem => problem is not null);

    /// <summary>Names the folder of a model: equal for equal files in equal places.</summary>
    public static string ContentOf(ModelManifest manifest)
    {
        var text = new StringBuilder();
        foreach (var file in manifest.Files)
            text.Append(file.Path).Append('\n').Append(file.Size).Append('\n').Append(file.Sha256).Append('\n').Append(file.Outside?.Path.Length ?? 0).Append('\n').Append(file.Outside?.Path).Append('\n');
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>The path of a file of a model: in its folder, or where its bytes are.</summary>
    public string PathOf(ModelManifest manifest, ModelFile file)
    {
        var link = LinkOf(manifest, file);
        if (IsLinked(link, file))
            return link;
        return SplitNames.Parse(file.Path) is null || file.Outside is not null
            ? SourceOf(file)
            : throw new HybridException(HybridError.Storage, $"Model '{manifest.Name}' is split, and its parts could not be put side by side in '{Path.GetDirectoryName(link)}': the file system has no links, or the store is read-only. Nothing was loaded. Use a store on another file system, or pull the model again.");
    }

    public bool IsLinked(ModelManifest manifest) => manifest.Files.All(file => IsLinked(LinkOf(manifest, file), file));

    /// <summary>Makes the folder of a model whole; the caller holds the gate.</summary>
    public void Link(ModelManifest manifest)
    {
        foreach (var file in manifest.Files)
        {
            var link = LinkOf(manifest, file);
            if (IsLinked(link, file))
                continue;
            var folder = Path.GetDirectoryName(link)!;
            state.MakeFolder(state.Layout.Own(folder));
            state.Disk.Delete(link);
            // Where there are no links, the blob itself is opened: good for all but split models.
            if (file.Outside is { } outside ? state.Disk.Point(outside.Path, link) : state.Disk.Link(state.Layout.Blob(file.Sha256), link))
                state.Disk.FlushFolder(folder);
        }

        state.Replace(state.Layout.ManifestOf(ContentOf(manifest)), ManifestJson.Write(manifest));
    }

    /// <summary>Where the bytes are.</summary>
    public string SourceOf(ModelFile file) => file.Outside?.Path ?? state.Layout.Blob(file.Sha256);

    private bool IsLinked(string link, ModelFile file) => FileIdentity.Of(link) is { } named && named == FileIdentity.Of(SourceOf(file));

    private string LinkOf(ModelManifest manifest, ModelFile file) => Path.Combine([state.Layout.FilesOf(ContentOf(manifest)), .. file.Path.Split('/')]);

    private string? Problem(ModelFile file)
    {
        if (file.Outside is null)
            return Has(file.Sha256, file.Size) ? null : $"the bytes of '{file.Path}' are not all there";
        if (FileIdentity.Of(file.Outside.Path) is not { } identity)
            return $"'{file.Outside.Path}', which it refers to, is gone";
        return identity.Size == file.Size && identity.Modified == file.Outside.Modified.UtcTicks ? null : $"'{file.Outside.Path}', which it refers to, was changed";
    }

    private string Inside(string partial)
    {
        var full = Path.GetFullPath(partial);
        return Path.GetDirectoryName(full) == state.Layout.Partials
            ? full
            : throw new HybridException(HybridError.InvalidRequest, $"'{partial}' is not in '{state.Layout.Partials}', from where alone files are taken into the store. Nothing was changed.");
    }
}
