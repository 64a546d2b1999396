using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Hybrid.Models.Peers;

/// <summary>Proves that a request comes from a device of the site: HMAC-SHA-256 over what is asked for and when, under the site's key.</summary>
/// <remarks>A proof is good for five minutes and for that request alone; who hears it can ask for the same bytes again, and for nothing else.</remarks>
internal sealed class SiteKey(string key, TimeProvider time)
{
    private const string Scheme = "Hybrid-Site ";
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);
    private readonly byte[] _key = Encoding.UTF8.GetBytes(key);

    /// <summary>The value of <c>Authorization</c>.</summary>
    /// <param name="method">GET or HEAD.</param>
    /// <param name="path">The path of the address.</param>
    /// <param name="range">The value of <c>Range</c>; null: all.</param>
    public string Prove(string method, string path, string? range)
    {
        var at = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return $"{Scheme}{at}:{Convert.ToHexStringLower(Mac(method, path, range, at))}";
    }

    /// <summary>Whether such a value is a proof, and of now.</summary>
    public bool Accepts(string? proof, string method, string path, string? range)
    {
        if (proof is null || !proof.StartsWith(Scheme, StringComparison.Ordinal)) return false;
        var (text, colon) = (proof[Scheme.Length..], proof.IndexOf(':', StringComparison.Ordinal) - Scheme.Length);
        if (colon < 0 || !long.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) return false;
        if (Math.Abs(time.GetUtcNow().ToUnixTimeSeconds() - seconds) > Window.TotalSeconds) return false;
        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes];
        return Convert.FromHexString(text.AsSpan(colon + 1), given, out _, out var count) == System.Buffers.OperationStatus.Done
            && count == given.Length
            && CryptographicOperations.FixedTimeEquals(given, Mac(method, path, range, text[..colon]));
    }

    private byte[] Mac(string method, string path, string? range, string at) => HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{method}\n{path}\n{range}\n{at}"));
}
