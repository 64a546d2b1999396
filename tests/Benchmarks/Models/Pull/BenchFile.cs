using System.Security.Cryptography;

namespace Hybrid.Benchmarks.Models.Pull;

/// <summary>A file of random bytes with its digest, gone when it is disposed.</summary>
internal sealed record BenchFile(string Path, string Digest) : IDisposable
{
    private const int Seed = 7;

    public static BenchFile Write(string folder, long size)
    {
        var path = System.IO.Path.Combine(folder, $"hybrid-served-{Environment.ProcessId}");
        var random = new Random(Seed);
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = File.Create(path);
        var piece = new byte[1 << 20];
        for (var written = 0L; written < size; written += piece.Length)
        {
            random.NextBytes(piece);
            digest.AppendData(piece);
            file.Write(piece);
        }

        return new(path, Convert.ToHexStringLower(digest.GetHashAndReset()));
    }

    public void Dispose() => File.Delete(Path);
}
