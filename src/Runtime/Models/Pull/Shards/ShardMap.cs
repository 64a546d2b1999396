namespace Hybrid.Models.Pull.Shards;

/// <summary>How a file is cut.</summary>
/// <param name="Size">Bytes of the file.</param>
/// <param name="ShardSize">Bytes of each shard but the last.</param>
internal sealed record ShardMap(long Size, int ShardSize)
{
    private const int Smallest = 1 << 20;
    private const int TurnsEach = 8;
    private const int Multiple = 64 << 10;

    public int Count => (int)((Size + ShardSize - 1) / ShardSize);

    /// <summary>Shards small enough that every connection gets several: whoever is quick does more, and the digest is not far behind.</summary>
    public static ShardMap For(long size, PullOptions options)
    {
        var fair = size / (options.Connections * TurnsEach) / Multiple * Multiple;
        return new(size, (int)Math.Clamp(fair, Math.Min(Smallest, options.ShardSize), options.ShardSize));
    }

    public long OffsetOf(int shard) => (long)shard * ShardSize;

    public int LengthOf(int shard) => (int)Math.Min(ShardSize, Size - OffsetOf(shard));
}
