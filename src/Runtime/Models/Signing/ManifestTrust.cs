using Hybrid.Models.Store;

namespace Hybrid.Models.Signing;

/// <summary>The publishers whose signatures count, and whether a model without one is refused. Thread-safe.</summary>
public sealed class ManifestTrust
{
    private readonly Dictionary<string, TrustedKey> _keys;

    private ManifestTrust(Dictionary<string, TrustedKey> keys, bool requireSigned) => (_keys, RequireSigned) = (keys, requireSigned);

    /// <summary>No keys, and none needed.</summary>
    public static ManifestTrust None { get; } = new([], requireSigned: false);

    /// <summary>Whether a model that no pinned key signed is refused.</summary>
    public bool RequireSigned { get; }

    /// <summary>Pins keys.</summary>
    /// <param name="keys">Public keys by name: ECDSA on P-256 or P-384, as PEM or as the Base64 of the SubjectPublicKeyInfo.</param>
    /// <param name="requireSigned">Whether a model that none of them signed is refused.</param>
    /// <exception cref="HybridException">A key cannot be used, or one is required and there is none.</exception>
    public static ManifestTrust Create(IReadOnlyDictionary<string, string> keys, bool requireSigned)
    {
        ArgumentNullException.ThrowIfNull(keys);
        if (requireSigned && keys.Count == 0)
            throw new HybridException(HybridError.Configuration, "Models have to be signed and no publisher's key is pinned, so that none could ever be used. Nothing was changed. Pin a key, or do without signatures.");
        return new(keys.ToDictionary(pair => pair.Key, pair => TrustedKey.Parse(pair.Key, pair.Value), StringComparer.Ordinal), requireSigned);
    }

    /// <summary>The name of the pinned key that signed a manifest; null where none did and none has to.</summary>
    /// <remarks>A signature in the name of a pinned key has to be right, whether or not one is required.</remarks>
    /// <exception cref="HybridException">It is unsigned and must not be, signed by a stranger, or the signature is wrong.</exception>
    public string? Check(ModelManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (manifest.Signature is not { } signature)
            return RequireSigned ? throw Refuse(manifest, $"is not signed, and one of these keys was expected: {Expected()}") : null;
        if (!_keys.TryGetValue(signature.Key, out var key))
        {
            return RequireSigned
                ? throw Refuse(manifest, $"is signed by '{Shown(signature.Key)}', which is not pinned; one of these keys was expected: {Expected()}")
                : null;
        }

        return key.Signed(CanonicalManifest.Bytes(manifest), signature)
            ? key.Name
            : throw Refuse(manifest, $"has a signature that is not one of key '{key.Name}' ({key.Algorithm}, {key.Fingerprint}) on this name and these files: it was changed after it was signed, or signed with another key");
    }

    private static HybridException Refuse(ModelManifest manifest, string reason) =>
        new(HybridError.ModelFile, $"Model '{manifest.Name}' {reason}. It was not used, and what was there before is unchanged. Get it from its publisher again, or pin the key that is meant.");

    private static string Shown(string key) => string.Concat(key.Take(64).Select(c => c is >= ' ' and <= '~' ? c : '?'));

    private string Expected() => string.Join(", ", _keys.Values.Select(key => $"'{key.Name}' ({key.Algorithm}, {key.Fingerprint})"));
}
