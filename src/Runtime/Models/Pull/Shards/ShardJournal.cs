using System.Buffers.Binary;
using System.Text;
using Hybrid.Storage;

namespace Hybrid.Models.Pull.Shards;

/// <summary>Says which shards of a partial file are there; it is only appended to, and each record carries its own check sum.</summary>
/// <remarks>
/// A head that names the file, then records of <see cref="RecordBytes"/> bytes: what it is, shard, CRC-32C of the shard's bytes, a digest or zeros, CRC-32C of the record
/// on top of the head's. A record that a power loss tore or flipped is passed over; the later one of a shard counts. Little-endian.
/// </remarks>
internal sealed class ShardJournal : IDisposable
{
    private const int RecordBytes = 48;
    private const int LongestText = 4096;
    private const uint ShardIsHere = 1;
    private const uint AllIsStored = 2;
    private const uint ShardIsTaken = 3;
    private const uint ShardIsLeft = 4;
    private readonly FileStream _file;
    private readonly uint _seed;
    private readonly int _head;

    private ShardJournal(FileStream file, byte[] head) => (_file, _head, _seed) = (file, head.Length, Crc32C.Append(Crc32C.Start, head));

    /// <summary>The digest under which the whole was stored; null: it was not.</summary>
    public string? Stored { get; private set; }

    /// <summary>Begins a new one, in place of any other.</summary>
    public static ShardJournal Create(string path, JournalHead head)
    {
        var bytes = head.Write();
        var file = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        file.Write(bytes);
        return new(file, bytes);
    }

    /// <summary>Opens one that is there for the same file; null: there is none.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="isSame">Whether it is for the file that is meant.</param>
    /// <param name="head">What it is for.</param>
    /// <param name="shardIsHere">Told shard and check sum of every record that is whole.</param>
    public static ShardJournal? Open(string path, Func<JournalHead, bool> isSame, out JournalHead? head, Action<int, uint> shardIsHere)
    {
        head = null;
        if (!File.Exists(path))
            return null;
        var bytes = File.ReadAllBytes(path);
        if (JournalHead.Read(bytes) is not var (found, length) || !isSame(found))
            return null;
        var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        var journal = new ShardJournal(file, bytes[..length]);
        foreach (var record in Records(bytes, length))
        {
            if (record.What == ShardIsHere) shardIsHere(record.Shard, record.Check);
            else if (record.What == AllIsStored) journal.Stored = Convert.ToHexStringLower(record.Digest.Span);
        }

        // The piece of a record that was being written when the power went.
        var end = bytes.Length - ((bytes.Length - length) % RecordBytes);
        file.SetLength(end);
        file.Position = end;
        head = found;
        return journal;
    }

    /// <summary>What one says that another process may be writing; null: there is none.</summary>
    /// <param name="path">Where it is.</param>
    public static JournalView? Look(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        if (JournalHead.Read(bytes) is not var (head, length)) return null;
        var (here, taken) = (new Dictionary<int, uint>(), new HashSet<int>());
        foreach (var record in Records(bytes, length))
        {
            if (record.What == ShardIsHere) here[record.Shard] = record.Check;
            if (record.What == ShardIsTaken) taken.Add(record.Shard);
            else taken.Remove(record.Shard);
        }

        return new(head, here, taken);
    }

    public void Add(int shard, uint check) => Append(ShardIsHere, shard, check, null);

    /// <summary>Says to others that this process fetches a shard, or that it no longer does.</summary>
    public void AddClaim(int shard, bool taken) => Append(taken ? ShardIsTaken : ShardIsLeft, shard, 0, null);

    public void AddStored(string sha256)
    {
        Append(AllIsStored, 0, 0, Convert.FromHexString(sha256));
        Stored = sha256;
    }

    /// <summary>Forgets all shards.</summary>
    public void Clear()
    {
        _file.SetLength(_head);
        _file.Position = _head;
        Flush();
    }

    /// <summary>Makes it last through a power loss; the shards' bytes have to be flushed before.</summary>
    public void Flush() => _file.Flush(flushToDisk: true);

    public void Dispose() => _file.Dispose();

    private static IEnumerable<(uint What, int Shard, uint Check, ReadOnlyMemory<byte> Digest)> Records(byte[] bytes, int head)
    {
        var seed = Crc32C.Append(Crc32C.Start, bytes.AsSpan(0, head));
        for (var at = head; at + RecordBytes <= bytes.Length; at += RecordBytes)
        {
            var record = bytes.AsMemory(at, RecordBytes);
            if (Crc32C.Append(seed, record.Span[..^4]) != BinaryPrimitives.ReadUInt32LittleEndian(record.Span[^4..])) continue;
            yield return (BinaryPrimitives.ReadUInt32LittleEndian(record.Span), BinaryPrimitives.ReadInt32LittleEndian(record.Span[4..]), BinaryPrimitives.ReadUInt32LittleEndian(record.Span[8..]), record.Slice(12, 32));
        }
    }

    private void Append(uint what, int shard, uint check, byte[]? digest)
    {
        Span<byte> record = stackalloc byte[RecordBytes];
        record.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(record, what);
        BinaryPrimitives.WriteInt32LittleEndian(record[4..], shard);
        BinaryPrimitives.WriteUInt32LittleEndian(record[8..], check);
        digest?.CopyTo(record[12..]);
        BinaryPrimitives.WriteUInt32LittleEndian(record[^4..], Crc32C.Append(_seed, record[..^4]));
        _file.Write(record);
    }

    /// <summary>Which file a journal is for.</summary>
    /// <param name="Size">Its bytes.</param>
    /// <param name="ShardSize">How it was cut.</param>
    /// <param name="Place">Where it comes from, or its digest: another place may have the same bytes.</param>
    /// <param name="Validator">What changes when the bytes do; null: nothing does.</param>
    internal sealed record JournalHead(long Size, int ShardSize, string Place, string? Validator)
    {
        private static ReadOnlySpan<byte> Magic => "HYBPULL1"u8;

        public ShardMap Map => new(Size, ShardSize);

        public byte[] Write()
        {
            var text = Encoding.UTF8.GetBytes($"{Place}\n{Validator}");
            var bytes = new byte[8 + 8 + 4 + 4 + text.Length + 4];
            Magic.CopyTo(bytes);
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), Size);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), ShardSize);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(20), text.Length);
            text.CopyTo(bytes, 24);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(24 + text.Length), Crc32C.Append(Crc32C.Start, bytes.AsSpan(0, 24 + text.Length)));
            return bytes;
        }

        public static (JournalHead Head, int Length)? Read(ReadOnlySpan<byte> bytes)
        {
            if (bytes.Length < 28 || !bytes.StartsWith(Magic))
                return null;
            var size = BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]);
            var shardSize = BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]);
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[20..]);
            if (length is < 0 or > LongestText || bytes.Length < 28 + length || size < 0 || shardSize < 1)
                return null;
            if (Crc32C.Append(Crc32C.Start, bytes[..(24 + length)]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[(24 + length)..]))
                return null;
            var text = Encoding.UTF8.GetString(bytes.Slice(24, length)).Split('\n', 2);
            return (new(size, shardSize, text[0], text[1].Length == 0 ? null : text[1]), 28 + length);
        }
    }
}

/// <summary>What a journal says.</summary>
/// <param name="Head">Which file it is for.</param>
/// <param name="Here">The shards that are here, and the check sums of their bytes.</param>
/// <param name="Taken">Those that are being fetched.</param>
internal sealed record JournalView(ShardJournal.JournalHead Head, IReadOnlyDictionary<int, uint> Here, IReadOnlySet<int> Taken);
