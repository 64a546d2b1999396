using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Hybrid.Edge.Mqtt.Packets;

/// <summary>Reads the fields of one packet; whatever is wrong is a <see cref="PacketException"/>.</summary>
internal ref struct PacketReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _bytes = bytes;

    public readonly int Left => _bytes.Length;

    public byte Byte() => Take(1)[0];

    public ushort Number() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public uint LongNumber() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    /// <summary>A number of one to four bytes, seven bits each.</summary>
    public int Variable()
    {
        int value = 0, shift = 0;
        while (true)
        {
            if (shift > 21) throw PacketException.Malformed("a number of more than four bytes");
            var part = Byte();
            value |= (part & 0x7f) << shift;
            if ((part & 0x80) == 0) return value;
            shift += 7;
        }
    }

    /// <summary>The number of a message in flight, which is never 0.</summary>
    public ushort PacketId() => Number() is var id and not 0 ? id : throw PacketException.Protocol("the packet number 0");

    public ReadOnlySpan<byte> Binary() => Take(Number());

    public ReadOnlySpan<byte> Rest() => Take(Left);

    /// <summary>The next bytes as a packet part of their own.</summary>
    public PacketReader Part(int length) => new(Take(length));

    public string Text() => Decode(Binary());

    /// <summary>Strict UTF-8 without U+0000.</summary>
    public static string Decode(ReadOnlySpan<byte> text)
    {
        if (!Utf8.IsValid(text) || text.Contains((byte)0)) throw PacketException.Malformed("text that is not UTF-8");
        return Encoding.UTF8.GetString(text);
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _bytes.Length) throw PacketException.Malformed("a packet that ends too early");
        var taken = _bytes[..length];
        _bytes = _bytes[length..];
        return taken;
    }
}
