using System.Security.Cryptography;
using Hybrid.Models.Store;

namespace Hybrid.Models.Signing;

/// <summary>Signs manifests for a publisher.</summary>
public static class ManifestSigner
{
    /// <summary>The manifest with a signature on its name and files.</summary>
    /// <param name="manifest">What to sign; a signature that it has is replaced.</param>
    /// <param name="key">What those who pin it call the key.</param>
    /// <param name="privateKey">An ECDSA pair on P-256 or P-384 as PEM, not encrypted.</param>
    /// <exception cref="HybridException">It is no such key.</exception>
    public static ModelManifest Sign(ModelManifest manifest, string key, string privateKey)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentException.ThrowIfNullOrEmpty(key);
        ArgumentNullException.ThrowIfNull(privateKey);
        if (ManifestRules.Problem(manifest) is { } problem)
            throw new HybridException(HybridError.InvalidRequest, $"Model '{manifest.Name}' cannot be signed: {problem}. Nothing was signed.");
        try
        {
            using var pair = ECDsa.Create();
            pair.ImportFromPem(privateKey);
            var algorithm = TrustedKey.AlgorithmOf(pair);
            var value = pair.SignData(CanonicalManifest.Bytes(manifest), TrustedKey.HashOf(algorithm), DSASignatureFormat.Rfc3279DerSequence);
            return manifest with { Signature = new(key, algorithm, Convert.ToBase64String(value)) };
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            // The key's own words could hold a part of it.
            throw new HybridException(HybridError.Configuration, $"Model '{manifest.Name}' could not be signed with the key '{key}'. Nothing was signed. Give the private key of an ECDSA pair on P-256 or P-384 as PEM, not encrypted.", exception);
        }
    }
}
