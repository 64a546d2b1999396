using Hybrid.Models.Peers;
using Hybrid.Models.Prefetch;
using Hybrid.Models.Pull;
using Hybrid.Models.Signing;
using Hybrid.Models.Store;

namespace Hybrid.Configuration;

/// <summary>Where models are kept and where they come from: section <c>Hybrid:Models</c>.</summary>
public sealed record ModelsOptions
{
    /// <summary>The folder of the store; from configuration, a relative path starts at the app's folder.</summary>
    /// <value>Null: <see cref="ModelStore.DefaultRoot"/>.</value>
    public string? Root { get; init; }

    /// <summary>Bytes that the store may take on disk before it removes what was not used for longest; above 0.</summary>
    /// <value>Null: no limit.</value>
    public long? Quota { get; init; }

    /// <summary>The site's mirror, from which <c>mirror:</c> references are pulled: a folder, or the address of a static file server.</summary>
    public string? Mirror { get; init; }

    /// <summary>Publishers' public keys by name: a PEM file's path, relative to the app's folder, or its text, or the Base64 of the SubjectPublicKeyInfo.</summary>
    public IReadOnlyDictionary<string, string> Keys { get; init; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether models without a signature by one of <see cref="Keys"/> are refused.</summary>
    public bool RequireSigned { get; init; }

    /// <summary>A catalogue of one's own, as <c>docs/catalogue.schema.json</c> describes it; a relative path starts at the app's folder.</summary>
    /// <value>Null: only what comes with the runtime.</value>
    public string? Catalogue { get; init; }

    /// <summary>Devices of the site that are asked first for files that are pulled: section <c>Hybrid:Models:Peers</c>.</summary>
    /// <value>Null: none.</value>
    public PeerOptions? Peers { get; init; }

    /// <summary>Which models are kept near: section <c>Hybrid:Models:Prefetch</c>.</summary>
    /// <value>Null: none; nothing is learned.</value>
    public PrefetchOptions? Prefetch { get; init; }

    /// <summary>The folder of the store.</summary>
    internal string Folder => Root ?? ModelStore.DefaultRoot;

    /// <summary>Where a prefetcher keeps what it learned.</summary>
    internal string PrefetchState => Path.Combine(Folder, "usage", "prefetch.json");

    /// <summary>Opens the store.</summary>
    /// <exception cref="HybridException">The folder or a key cannot be used.</exception>
    internal ModelStore OpenStore(TimeProvider time) => ModelStore.Open(Folder, new() { Quota = Quota, Trust = Trust() }, time);

    /// <summary>How models are pulled.</summary>
    internal PullOptions Pulling(TimeProvider time) => new() { Mirror = Mirror, Peers = Peers, TimeProvider = time };

    /// <summary>Whose signatures count.</summary>
    /// <exception cref="HybridException">A key cannot be read or used (<see cref="HybridError.Configuration"/>).</exception>
    internal ManifestTrust Trust() => Keys.Count == 0 && !RequireSigned ? ManifestTrust.None : ManifestTrust.Create(Keys.ToDictionary(key => key.Key, key => KeyText(key.Key, key.Value), StringComparer.Ordinal), RequireSigned);

    /// <summary>The key itself, or what the file holds that stands for it.</summary>
    internal static string KeyText(string name, string key)
    {
        var path = Path.GetFullPath(key.Contains('\n', StringComparison.Ordinal) ? "." : key, AppContext.BaseDirectory);
        if (!File.Exists(path)) return key;
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new HybridException(HybridError.Configuration, $"The publisher's key '{name}' cannot be read from '{path}': {failure.Message} Nothing was trusted.", failure);
        }
    }
}
