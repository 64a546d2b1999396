using System.Security.Cryptography;
using System.Threading.Channels;

namespace Hybrid.Models.Pull.Shards;

/// <summary>Computes a file's SHA-256 while it arrives: over the shards from the first on, as far as they are here, read back from the page cache.</summary>
/// <remarks>On its way it checks the shards of an earlier run; those that are no longer what was written are asked for again.</remarks>
internal sealed class PrefixDigest(PartialFile partial, Action<int> lost)
{
    private const int BufferBytes = 512 << 10;
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>A shard came.</summary>
    public void Came() => _news.Writer.TryWrite(true);

    /// <param name="known">Told of each shard of an earlier run that is still whole.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The digest in lower-case hexadecimal.</returns>
    public async Task<string> RunAsync(Action<int> known, CancellationToken cancellationToken)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(BufferBytes);
        // All that an earlier run left is checked first: a gap that is found late is fetched late.
        for (var shard = 0; shard < partial.Map.Count; shard++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (partial.State(shard) is not ShardState.Unchecked)
                continue;
            if (partial.Check(shard, buffer))
                known(shard);
            else
                lost(shard);
        }

        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var shard = 0; shard < partial.Map.Count; shard++)
        {
            while (partial.State(shard) is not ShardState.Here)
                await _news.Reader.ReadAsync(cancellationToken);
            Append(digest, shard, buffer, cancellationToken);
        }

        return Convert.ToHexStringLower(digest.GetHashAndReset());
    }

    private void Append(IncrementalHash digest, int shard, byte[] buffer, CancellationToken cancellationToken)
    {
        var (at, end) = (partial.Map.OffsetOf(shard), partial.Map.OffsetOf(shard) + partial.Map.LengthOf(shard));
        while (at < end)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = partial.Read(at, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)));
            if (count == 0)
                throw new HybridException(HybridError.Storage, $"'{partial.Path}' became shorter while it was fetched. Another program wrote to it. Nothing was stored; pull again.");
            digest.AppendData(buffer, 0, count);
            at += count;
        }
    }
}
