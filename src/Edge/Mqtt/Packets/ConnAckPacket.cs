namespace Hybrid.Edge.Mqtt.Packets;

/// <summary>What the broker answers to the first packet.</summary>
/// <param name="SessionPresent">Whether it still has the client's session.</param>
/// <param name="Reason">Whether it lets the client in.</param>
/// <param name="Properties">What it can do and wants.</param>
internal sealed record ConnAckPacket(bool SessionPresent, MqttReasonCode Reason, PacketProperties Properties)
{
    public static ConnAckPacket Read(ReadOnlySpan<byte> body, MqttVersion version)
    {
        var reader = new PacketReader(body);
        var flags = reader.Byte();
        if (flags > 1) throw PacketException.Malformed("flags of a CONNACK that are not there");
        var code = reader.Byte();

        // A broker that does not know MQTT 5 refuses in the words of 3.1.1.
        if (version == MqttVersion.V5 && reader.Left == 0 && code is > 0 and < 6) version = MqttVersion.V311;
        var reason = version == MqttVersion.V5 ? (MqttReasonCode)code : Translate(code);
        var properties = version == MqttVersion.V5 ? PacketProperties.Read(ref reader, PacketProperties.OfConnAck) : PacketProperties.None;
        if (reader.Left > 0) throw PacketException.Malformed("a CONNACK that is too long");
        if (flags == 1 && reason != MqttReasonCode.Success) throw PacketException.Protocol("a session together with a refusal");
        return new(flags == 1, reason, properties);
    }

    /// <summary>A return code of MQTT 3.1.1 in the words of MQTT 5.</summary>
    public static MqttReasonCode Translate(byte code) => code switch
    {
        0 => MqttReasonCode.Success,
        1 => MqttReasonCode.UnsupportedProtocolVersion,
        2 => MqttReasonCode.ClientIdentifierNotValid,
        3 => MqttReasonCode.ServerUnavailable,
        4 => MqttReasonCode.BadUserNameOrPassword,
        5 => MqttReasonCode.NotAuthorized,
        _ => throw PacketException.Malformed("a return code that MQTT 3.1.1 does not have"),
    };
}
