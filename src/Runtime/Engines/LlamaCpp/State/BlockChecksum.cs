using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Hybrid.Engines.LlamaCpp.State;

/// <summary>A checksum of a block of bytes against damage, not against forgery: four CRC-32C over every fourth word.</summary>
/// <remarks>
/// One CRC waits three cycles for each word; four of them wait together. Any flipped bit, and any burst of up to 32 in a lane,
/// changes its lane's CRC for certain. The block's number goes in, so that blocks cannot change places.
/// </remarks>
internal static class BlockChecksum
{
    public const int BlockSize = 1 << 20;

    /// <summary>Bytes of one checksum.</summary>
    public const int Size = 16;

    public static void Of(ReadOnlySpan<byte> block, int number, Span<byte> checksum)
    {
        var (a, b, c, d) = ((uint)number, ~(uint)number, (uint)block.Length, ~(uint)block.Length);
        var words = MemoryMarshal.Cast<byte, ulong>(block);
        var i = 0;
        for (; i + 4 <= words.Length; i += 4)
        {
            a = BitOperations.Crc32C(a, words[i]);
            b = BitOperations.Crc32C(b, words[i + 1]);
            c = BitOperations.Crc32C(c, words[i + 2]);
            d = BitOperations.Crc32C(d, words[i + 3]);
        }

        foreach (var rest in block[(i * sizeof(ulong))..])
            a = BitOperations.Crc32C(a, rest);
        BinaryPrimitives.WriteUInt32LittleEndian(checksum, a);
        BinaryPrimitives.WriteUInt32LittleEndian(checksum[4..], b);
        BinaryPrimitives.WriteUInt32LittleEndian(checksum[8..], c);
        BinaryPrimitives.WriteUInt32LittleEndian(checksum[12..], d);
    }
}
