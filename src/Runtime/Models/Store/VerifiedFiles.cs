using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Hybrid.Storage;

namespace Hybrid.Models.Store;

/// <summary>Which files were found to have the SHA-256 that they should, so that a load does not read gigabytes again.</summary>
/// <remarks>A file counts while its size, its time and its number are what they were. Who can write to the store can forge that, and the store with it.</remarks>
internal sealed class VerifiedFiles(StoreState state)
{
    private const int Block = 1 << 20;

    // For stores that cannot be written.
    private static readonly ConcurrentDictionary<(string Sha256, FileIdentity Identity), bool> Seen = new();

    /// <summary>The digest of a file in lower-case hexadecimal.</summary>
    /// <param name="path">Any file.</param>
    /// <param name="progress">Is told the bytes of each piece that was read.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<string> DigestAsync(string path, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan | FileOptions.Asynchronous);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = ArrayPool<byte>.Shared.Rent(Block);
        try
        {
            while (await file.ReadAsync(block.AsMemory(0, Block), cancellationToken) is > 0 and var read)
            {
                hash.AppendData(block, 0, read);
                progress?.Report(read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Notes that a file has a digest.</summary>
    public void Remember(string path, string sha256)
    {
        if (FileIdentity.Of(path) is { } identity)
            Remember(identity, sha256);
    }

    /// <summary>Whether a file has a digest; read only where that is not known.</summary>
    /// <param name="path">The file.</param>
    /// <param name="sha256">Its digest as it should be.</param>
    /// <param name="again">Reads it whatever is known.</param>
    /// <param name="progress">Is told the bytes of each piece that was read.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<bool> CheckAsync(string path, string sha256, bool again, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var before = FileIdentity.Of(path);
        if (!again && before is { } known && IsKnown(known, sha256))
            return true;
        if (await DigestAsync(path, progress, cancellationToken) != sha256 || before is null || FileIdentity.Of(path) != before)
            return false;
        Remember(before.Value, sha256);
        return true;
    }

    private bool IsKnown(FileIdentity identity, string sha256)
    {
        if (Seen.ContainsKey((sha256, identity)))
            return true;
        try
        {
            if (File.ReadAllText(state.Layout.Own(state.Layout.Verified(sha256))) != identity.ToString())
                return false;
        }
        catch (Exception exception) when (StorageFaults.IsOurs(exception))
        {
            return false;
        }

        Seen[(sha256, identity)] = true;
        return true;
    }

    private void Remember(FileIdentity identity, string sha256)
    {
        Seen[(sha256, identity)] = true;
        if (state.ReadOnly)
            return;
        try
        {
            state.Replace(state.Layout.Verified(sha256), System.Text.Encoding.ASCII.GetBytes(identity.ToString()));
        }
        catch (Exception exception) when (StorageFaults.IsOurs(exception))
        {
            // It is known in this process; another one reads the file again.
        }
    }
}
