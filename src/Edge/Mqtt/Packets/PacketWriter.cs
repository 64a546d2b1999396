using System.Buffers.Binary;
using System.Text;

namespace Hybrid.Edge.Mqtt.Packets;

/// <summary>Writes the fields of one packet into room that is large enough.</summary>
internal ref struct PacketWriter(Span<byte> room)
{
    private Span<byte> _room = room;

    /// <summary>How many bytes a number takes, seven bits each.</summary>
    public static int SizeOf(int variable) => variable < 0x80 ? 1 : variable < 0x4000 ? 2 : variable < 0x20_0000 ? 3 : 4;

    /// <summary>How many bytes a text takes with its length.</summary>
    /// <exception cref="HybridException">It is longer than the protocol allows.</exception>
    public static int SizeOf(string text) => 2 + Short(Encoding.UTF8.GetByteCount(text), "A text");

    /// <summary>How many bytes binary data takes with its length.</summary>
    public static int SizeOf(ReadOnlyMemory<byte> data) => 2 + Short(data.Length, "Binary data");

    public void Byte(int value) => Take(1)[0] = (byte)value;

    public void Property(PacketProperty property) => Byte((int)property);

    public void Number(int value) => BinaryPrimitives.WriteUInt16BigEndian(Take(2), (ushort)value);

    public void LongNumber(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);

    public void Variable(int value)
    {
        while (value >= 0x80)
        {
            Byte((value & 0x7f) | 0x80);
            value >>= 7;
        }

        Byte(value);
    }

    public void Text(string text)
    {
        var length = Encoding.UTF8.GetBytes(text, _room[2..]);
        Number(length);
        _room = _room[length..];
    }

    public void Binary(ReadOnlySpan<byte> data)
    {
        Number(data.Length);
        Bytes(data);
    }

    public void Bytes(ReadOnlySpan<byte> data) => data.CopyTo(Take(data.Length));

    /// <summary>The first byte and the length of what follows.</summary>
    public void Header(PacketType type, int flags, int length)
    {
        Byte(((int)type << 4) | flags);
        Variable(length);
    }

    private static int Short(int length, string what) => length <= ushort.MaxValue
        ? length
        : throw new HybridException(HybridError.InvalidRequest, $"{what} of {length} bytes is more than the 65,535 that MQTT allows. Nothing was sent; make it shorter.");

    private Span<byte> Take(int length)
    {
        var taken = _room[..length];
        _room = _room[length..];
        return taken;
    }
}
