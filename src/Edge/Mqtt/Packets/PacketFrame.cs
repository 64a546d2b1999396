using System.Buffers;

namespace Hybrid.Edge.Mqtt.Packets;

/// <summary>Cuts packets out of a stream of bytes.</summary>
internal static class PacketFrame
{
    /// <summary>Takes the next packet from the front; false where it is not there as a whole.</summary>
    /// <param name="bytes">What has arrived; begins behind the packet afterwards.</param>
    /// <param name="maximum">Bytes of the largest packet that is allowed, its header included.</param>
    /// <param name="header">The first byte.</param>
    /// <param name="body">What follows the length.</param>
    /// <exception cref="PacketException">The length is malformed, or larger than allowed: it is refused before a byte of it is kept.</exception>
    public static bool TryTake(ref ReadOnlySequence<byte> bytes, int maximum, out byte header, out ReadOnlySequence<byte> body)
    {
        (header, body) = (0, default);
        var reader = new SequenceReader<byte>(bytes);
        if (!reader.TryRead(out header)) return false;
        int length = 0, shift = 0;
        byte part;
        do
        {
            if (shift > 21) throw PacketException.Malformed("a length of more than four bytes");
            if (!reader.TryRead(out part)) return false;
            length |= (part & 0x7f) << shift;
            shift += 7;
        }
        while ((part & 0x80) != 0);

        if (length + reader.Consumed > maximum)
            throw new PacketException(MqttReasonCode.PacketTooLarge, $"a packet of {length} bytes, where at most {maximum} are allowed");
        if (reader.Remaining < length) return false;
        body = bytes.Slice(reader.Position, length);
        bytes = bytes.Slice(body.End);
        return true;
    }
}
