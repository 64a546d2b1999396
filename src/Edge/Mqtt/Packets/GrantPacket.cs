namespace Hybrid.Edge.Mqtt.Packets;

/// <summary>What the broker says of a subscription, or of the end of one.</summary>
internal readonly record struct GrantPacket(ushort Id, MqttReasonCode Reason, string? Why)
{
    public static GrantPacket Read(PacketType type, ReadOnlySpan<byte> body, MqttVersion version)
    {
        var reader = new PacketReader(body);
        var id = reader.PacketId();
        var why = version == MqttVersion.V5 ? PacketProperties.Read(ref reader, PacketProperties.OfAck).Reason : null;
        var silent = type == PacketType.UnsubAck && version != MqttVersion.V5;
        var reason = silent ? MqttReasonCode.Success : (MqttReasonCode)reader.Byte();
        return reader.Left == 0 ? new(id, reason, why) : throw PacketException.Malformed("an answer to more than was asked");
    }
}
