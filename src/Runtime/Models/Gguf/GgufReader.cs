using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Hybrid.Models.Gguf;

/// <summary>Reads little-endian values of a GGUF header; every length is checked against what the file can still hold.</summary>
internal sealed class GgufReader(Stream stream, long length, string path)
{
    // Far above real headers (the largest vocabularies take some 10 MB), far below what hurts.
    private const long LargestHeader = 256L << 20;
    private const int LongestText = 1 << 24;
    private readonly byte[] _few = new byte[8];
    private byte[] _block = [];

    public long Position { get; private set; }

    /// <summary>Takes a copy of all that is read; null: nothing does.</summary>
    public VocabularyDigest? Digest { get; set; }

    private long Left => Math.Min(length, LargestHeader) - Position;

    public byte Byte() => Fill(_few.AsSpan(0, 1))[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Fill(_few.AsSpan(0, 2)));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Fill(_few.AsSpan(0, 4)));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Fill(_few));

    public string Text(string what)
    {
        var bytes = UInt64();
        if (bytes > (ulong)Math.Min(length - Position, LongestText))
            throw Error($"the length of {what} at byte {Position - 8} is {bytes}, more than the file holds");
        var text = Bytes((int)bytes);
        // Two texts that are no UTF-8 must not become one by what replaces their bytes.
        return Utf8.IsValid(text) ? Encoding.UTF8.GetString(text) : "\uFFFF" + Encoding.Latin1.GetString(text);
    }

    /// <summary>Bytes that stay as they are until the next call.</summary>
    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (_block.Length < count)
            _block = new byte[Math.Max(count, Math.Min(2 * _block.Length, LongestText))];
        return Fill(_block.AsSpan(0, count));
    }

    /// <summary>A count of things that take at least <paramref name="leastBytes"/> each.</summary>
    public int Count(string what, int leastBytes, int most = int.MaxValue)
    {
        var count = UInt64();
        if (count > (ulong)((length - Position) / leastBytes))
            throw Error($"it announces {count} {what}, more than its {length} bytes can hold");
        if (count > (ulong)(Left / leastBytes) || count > (ulong)most)
            throw Error($"it announces {count} {what}, more than any model has");
        return (int)count;
    }

    public HybridException Error(string reason) => new(HybridError.ModelFile,
        $"Model file '{path}': {reason}. Nothing was loaded. The file is damaged or incomplete; fetch it again and compare its SHA-256.");

    private Span<byte> Fill(Span<byte> buffer)
    {
        if (Position + buffer.Length > LargestHeader)
            throw Error($"its header is larger than {LargestHeader >> 20} MB");
        if (stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false) < buffer.Length)
            throw Error($"it ends inside the header, at byte {length}");
        Position += buffer.Length;
        Digest?.Append(buffer);
        return buffer;
    }
}
