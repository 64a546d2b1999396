namespace Hybrid.Edge.Mqtt.Packets;

/// <summary>The broker broke the protocol; it stays inside the client, which tells the broker why and goes.</summary>
internal sealed class PacketException(MqttReasonCode reason, string message) : Exception(message)
{
    public MqttReasonCode Reason => reason;

    public static PacketException Malformed(string what) => new(MqttReasonCode.MalformedPacket, what);

    public static PacketException Protocol(string what) => new(MqttReasonCode.ProtocolError, what);
}
