using System.Security.Cryptography;
using System.Text;

namespace Hybrid.Models.Gguf;

/// <summary>Fingerprints a vocabulary while its file is read: all metadata that decide which ids a text has and which text ids have.</summary>
/// <remarks>
/// That is what stands under <c>tokenizer.ggml</c>, its types and order of items included, in whatever order the entries come; the
/// chat template decides neither and stands elsewhere. Files that differ there in anything count as different, even where a tokenizer
/// would not mind: an equal fingerprint is what must be right. For one thread.
/// </remarks>
internal sealed class VocabularyDigest : IDisposable
{
    private const string Covered = "tokenizer.ggml.";
    private const int Digits = 32;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly SortedDictionary<string, byte[]> _entries = new(StringComparer.Ordinal);
    private readonly byte[] _block = new byte[1 << 14]; // a vocabulary is read in a million pieces of some bytes each
    private int _filled;

    public static bool Covers(string key) => key.StartsWith(Covered, StringComparison.Ordinal);

    /// <summary>Takes bytes of the entry that is being read.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _block.Length - _filled)
            Flush();
        if (bytes.Length > _block.Length)
        {
            _hash.AppendData(bytes);
            return;
        }

        bytes.CopyTo(_block.AsSpan(_filled));
        _filled += bytes.Length;
    }

    /// <summary>Ends an entry.</summary>
    public void End(string key)
    {
        Flush();
        _entries[key] = _hash.GetHashAndReset();
    }

    /// <summary>The first 32 digits of the SHA-256 over all entries, in lower-case hex.</summary>
    public string ToFingerprint()
    {
        foreach (var (key, digest) in _entries)
        {
            _hash.AppendData(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
            _hash.AppendData(digest);
        }

        return Convert.ToHexStringLower(_hash.GetHashAndReset())[..Digits];
    }

    public void Dispose() => _hash.Dispose();

    private void Flush()
    {
        _hash.AppendData(_block.AsSpan(0, _filled));
        _filled = 0;
    }
}
