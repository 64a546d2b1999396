using IO = System.IO.Path;

namespace Hybrid.Models.Store;

/// <summary>A file in the folder that a store made for a model.</summary>
/// <param name="Root">The store's folder.</param>
/// <param name="Content">The model's folder in it.</param>
/// <param name="Path">The file in that, '/'-separated.</param>
internal sealed record StoredPath(string Root, string Content, string Path)
{
    /// <summary>What a path says, without looking at the store; null: it is in none.</summary>
    public static StoredPath? Of(string path)
    {
        var full = IO.GetFullPath(path);
        for (var at = IO.GetDirectoryName(full); at is not null; at = IO.GetDirectoryName(at))
        {
            var (content, files) = (IO.GetFileName(at), IO.GetDirectoryName(at));
            if (ManifestRules.IsDigest(content) && IO.GetFileName(files) == "files" && IO.GetDirectoryName(files) is { } root && File.Exists(at + ".json"))
                return new(root, content, IO.GetRelativePath(at, full).Replace('\\', '/'));
        }

        return null;
    }
}
