using System.Security.Cryptography;

namespace Hybrid.CloudWorker.Hosting;

/// <summary>The SHA-256 of the model file, reckoned once in the background; empty until it is known.</summary>
internal sealed class ModelDigest
{
    private volatile string _sha256 = "";

    /// <summary>Lower-case hexadecimal.</summary>
    public string Sha256 => _sha256;

    /// <summary>Reads the whole file once.</summary>
    public async Task ReadAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
        _sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
    }
}
