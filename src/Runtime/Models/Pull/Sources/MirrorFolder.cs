using System.Text.Json;
using Hybrid.Models.Pull.Choice;
using Hybrid.Models.Pull.Hub;
using Hybrid.Models.Store;

namespace Hybrid.Models.Pull.Sources;

/// <summary>A mirror in a folder, on a stick or a share: <c>owner/repo/resolve/revision</c> as on the hub, or <c>owner/repo</c> alone.</summary>
internal sealed class MirrorFolder(string root)
{
    /// <exception cref="HybridException">It is not there, or its index cannot be read.</exception>
    public RemoteModel Find(ModelReference reference)
    {
        var plain = Path.Combine([Path.GetFullPath(root), .. reference.Location.Split('/')]);
        var dated = Path.Combine([plain, "resolve", .. (reference.Revision ?? HubAddress.Main).Split('/')]);
        var folder = Directory.Exists(dated) ? dated
            : Directory.Exists(plain) && reference.Revision is null ? plain
            : throw new HybridException(HybridError.ModelFile, $"'{reference}': the mirror has no folder '{dated}'. Nothing was fetched. Check the spelling, or put the model there.");
        var index = Index(folder);
        var paths = FileChoice.Of(reference, [.. index.Files.Select(file => file.Path)]);
        return new($"mirror:{reference.Location}", index.Revision, index.Licence, [.. paths.Select(path => File(folder, index.Files.First(file => file.Path == path)))]);
    }

    private static LocalFile File(string folder, MirrorEntry entry)
    {
        var file = LocalFile.Of(Path.Combine([folder, .. entry.Path.Split('/')]), entry.Path, entry.Sha256);
        return entry.Size is not { } size || size == file.Size
            ? file
            : throw new HybridException(HybridError.ModelFile, $"'{file.Place}' has {file.Size} bytes, and the mirror's index says {size}. Nothing was fetched. The mirror has to be mended.");
    }

    private static MirrorIndex Index(string folder)
    {
        var path = Path.Combine(folder, MirrorIndex.Name);
        try
        {
            if (!System.IO.File.Exists(path))
            {
                var names = Directory.EnumerateFiles(folder, "*.gguf", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/'));
                return new(null, null, [.. names.Where(name => SafeNames.ProblemOfPath(name) is null).Order(StringComparer.Ordinal).Select(name => new MirrorEntry(name, null, null))]);
            }

            using var json = JsonDocument.Parse(System.IO.File.ReadAllBytes(path));
            return MirrorIndex.Read(json.RootElement);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new HybridException(HybridError.ModelFile, $"The mirror's '{path}' cannot be read: {failure.Message} Nothing was fetched.", failure);
        }
    }
}
