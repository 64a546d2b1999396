using System.Buffers.Binary;
using System.Text;

namespace Hybrid.Models;

/// <summary>Reads little-endian values of a GGUF header; every length is checked against what the file can still hold.</summary>
internal sealed class GgufReader(Stream stream, long length, string path)
{
    // Far above real headers (the largest vocabularies take some 10 MB), far below what hurts.
    private const long LargestHeader = 256L << 20;

    public long Position { get; private set; }

    /// <summary>Takes a copy of all that is read; null: nothing does.</summary>
    public VocabularyDigest? Digest { get; set; }

    public byte Byte() => Bytes(1)[0];

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8));

    public string Text(string what)
    {
        var bytes = UInt64();
        if (bytes > (ulong)Math.Min(length - Position, 1 << 24))
            throw Error($"the length of {what} at byte {Position - 8} is {bytes}, more than the file holds");
        return Encoding.UTF8.GetString(Bytes((int)bytes));
    }

    /// <summary>A count of things that take at least <paramref name="leastBytes"/> each.</summary>
    public int Count(string what, int leastBytes)
    {
        var count = UInt64();
        if (count > (ulong)((length - Position) / leastBytes))
            throw Error($"it announces {count} {what}, more than its {length} bytes can hold");
        return (int)count;
    }

    public HybridException Error(string reason) => new(HybridError.ModelFile,
        $"Model file '{path}': {reason}. Nothing was loaded. The file is damaged or incomplete; fetch it again and compare its SHA-256.");

    private byte[] Bytes(int count)
    {
        if (Position + count > LargestHeader)
            throw Error($"its header is larger than {LargestHeader >> 20} MB");
        var buffer = new byte[count];
        if (stream.ReadAtLeast(buffer, count, throwOnEndOfStream: false) < count)
            throw Error($"it ends inside the header, at byte {length}");
        Position += count;
        Digest?.Append(buffer);
        return buffer;
    }
}
