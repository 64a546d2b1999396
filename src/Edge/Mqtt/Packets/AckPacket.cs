using System.Buffers;
using System.Runtime.InteropServices;

namespace Hybrid.Edge.Mqtt.Packets;

/// <summary>One of the four packets that a message in flight goes on with.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct AckPacket(PacketType Type, ushort Id, MqttReasonCode Reason = MqttReasonCode.Success) : IPacket
{
    public int Size => Reason == MqttReasonCode.Success ? 4 : 5;

    public void WriteTo(IBufferWriter<byte> output)
    {
        var writer = new PacketWriter(output.GetSpan(Size));
        writer.Header(Type, Type == PacketType.PubRel ? 2 : 0, Size - 2);
        writer.Number(Id);
        if (Reason != MqttReasonCode.Success) writer.Byte((int)Reason);
        output.Advance(Size);
    }

    /// <summary>Reads one from the broker, and what it says of it.</summary>
    public static AckPacket Read(PacketType type, ReadOnlySpan<byte> body, MqttVersion version, out string? why)
    {
        why = null;
        var reader = new PacketReader(body);
        var id = reader.PacketId();
        if (reader.Left == 0) return new(type, id);
        if (version != MqttVersion.V5) throw PacketException.Malformed("an acknowledgement that is too long");
        var reason = (MqttReasonCode)reader.Byte();
        if (reader.Left > 0) why = PacketProperties.Read(ref reader, PacketProperties.OfAck).Reason;
        return reader.Left == 0 ? new(type, id, reason) : throw PacketException.Malformed("an acknowledgement that is too long");
    }
}
