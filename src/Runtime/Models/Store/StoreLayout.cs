namespace Hybrid.Models.Store;

/// <summary>Where things are in a store; every path is made here, from parts that were checked.</summary>
internal sealed class StoreLayout(string root)
{
    /// <summary>Begins the name of a file that is not whole yet; no model's word begins so.</summary>
    public const string New = ".new-";

    public const string LockEnding = ".lock";
    private const string ManifestEnding = ".json";
    private const int LongestKey = 128;

    public string Root { get; } = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));

    public string Gate => In("store.lock");

    public string Blobs => In("blobs", "sha256");

    public string Names => In("names");

    public string Files => In("files");

    public string Partials => In("partial");

    public string Usage => In("usage");

    public string Leases => In("usage", "leases");

    public string Verifieds => In("usage", "verified");

    public string Blob(string sha256) => In("blobs", "sha256", Digest(sha256)[..2], sha256);

    public string NamesOf(ModelName name) => In("names", name.Name);

    public string Name(ModelName name) => In("names", name.Name, name.Tag + ManifestEnding);

    public string FilesOf(string content) => In("files", Digest(content));

    public string ManifestOf(string content) => In("files", Digest(content) + ManifestEnding);

    public string Lease(string content) => In("usage", "leases", Digest(content));

    public string Pin(ModelName name) => In("usage", "pins", name.Name, name.Tag);

    public string Used(ModelName name) => In("usage", "used", name.Name, name.Tag);

    public string Verified(string sha256) => In("usage", "verified", Digest(sha256));

    public string Partial(string key) => In("partial", Key(key));

    public string PartialLock(string key) => In("partial", Key(key) + LockEnding);

    /// <summary>The name that a file under <see cref="Names"/> is for; null: it is for none.</summary>
    public static ModelName? NameOf(string path)
    {
        var file = Path.GetFileName(path);
        return file.EndsWith(ManifestEnding, StringComparison.Ordinal)
            && ModelName.TryParse($"{Path.GetFileName(Path.GetDirectoryName(path))}:{file[..^ManifestEnding.Length]}", out var name, out _) ? name : null;
    }

    /// <summary>Refuses a path on whose way from the root a link stands: it could lead anywhere.</summary>
    public string Own(string path)
    {
        for (var at = path; at.Length > Root.Length; at = Path.GetDirectoryName(at)!)
        {
            if (new FileInfo(at).LinkTarget is not null)
                throw new HybridException(HybridError.Storage, $"'{at}' in the model store is a link, and the store makes none there. Nothing was read or written through it. Remove it, and find out who put it there.");
        }

        return path;
    }

    private string In(params ReadOnlySpan<string> parts) => Path.Combine([Root, .. parts]);

    private static string Digest(string sha256) => ManifestRules.IsDigest(sha256)
        ? sha256
        : throw new HybridException(HybridError.InvalidRequest, "A SHA-256 of 64 lower-case hexadecimal digits is needed to find a file in the model store. Nothing was changed.");

    private static string Key(string key) => SafeNames.ProblemOfWord(key, LongestKey) is { } problem || key.EndsWith(LockEnding, StringComparison.Ordinal)
        ? throw new HybridException(HybridError.InvalidRequest, $"A key for what is being fetched cannot be used: {SafeNames.ProblemOfWord(key, LongestKey) ?? $"it ends with '{LockEnding}'"}. Nothing was changed.")
        : key;
}
