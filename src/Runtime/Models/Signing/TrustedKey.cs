using System.Security.Cryptography;

namespace Hybrid.Models.Signing;

/// <summary>A publisher's public key: ECDSA on P-256 or P-384, as PEM or as the Base64 of its SubjectPublicKeyInfo.</summary>
internal sealed class TrustedKey
{
    private const int FingerprintDigits = 16;
    private readonly byte[] _publicKey;

    private TrustedKey(string name, string algorithm, byte[] publicKey) => (Name, Algorithm, _publicKey) = (name, algorithm, publicKey);

    public string Name { get; }

    public string Algorithm { get; }

    /// <summary>Tells people which key is meant.</summary>
    public string Fingerprint => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(_publicKey))[..FingerprintDigits]}";

    /// <exception cref="HybridException">It is no such key.</exception>
    public static TrustedKey Parse(string name, string text)
    {
        try
        {
            using var key = ECDsa.Create();
            if (text.Contains("-----BEGIN", StringComparison.Ordinal))
                key.ImportFromPem(PublicOnly(text));
            else
                key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(text), out _);
            return new(name, AlgorithmOf(key), key.ExportSubjectPublicKeyInfo());
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException or ArgumentException or PlatformNotSupportedException)
        {
            throw new HybridException(HybridError.Configuration, $"The publisher's key '{name}' cannot be used: {exception.Message.TrimEnd('.')}. Nothing was trusted. Give the public key of an ECDSA pair on P-256 or P-384, as PEM or as the Base64 of its SubjectPublicKeyInfo.", exception);
        }
    }

    /// <summary>What a key on this curve signs with.</summary>
    /// <exception cref="CryptographicException">It is on another curve.</exception>
    public static string AlgorithmOf(ECDsa key) => key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value switch
    {
        "1.2.840.10045.3.1.7" => "ecdsa-p256-sha256",
        "1.3.132.0.34" => "ecdsa-p384-sha384",
        var other => throw new CryptographicException($"The key is on the curve '{other}'"),
    };

    public static HashAlgorithmName HashOf(string algorithm) => algorithm.EndsWith("sha384", StringComparison.Ordinal) ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;

    /// <summary>Whether this key signed exactly these bytes.</summary>
    public bool Signed(ReadOnlySpan<byte> bytes, ModelSignature signature)
    {
        // The key says how it signs; what the signature says of itself must agree, and chooses nothing.
        if (signature.Algorithm != Algorithm)
            return false;
        var value = new byte[signature.Value.Length];
        if (!Convert.TryFromBase64String(signature.Value, value, out var length))
            return false;
        try
        {
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(_publicKey, out _);
            return key.VerifyData(bytes, value.AsSpan(0, length), HashOf(Algorithm), DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static string PublicOnly(string pem) => pem.Contains("PRIVATE KEY", StringComparison.Ordinal)
        ? throw new CryptographicException("It is a private key, which must stay with the publisher")
        : pem;
}
