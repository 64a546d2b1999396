using System.Buffers;

namespace Hybrid.Edge.Mqtt.Packets;

/// <summary>The last packet of a connection.</summary>
/// <param name="Version">How it is written.</param>
/// <param name="Reason">Why the client goes.</param>
/// <param name="ForgetSession">Whether the broker forgets the session at once.</param>
internal readonly record struct DisconnectPacket(MqttVersion Version, MqttReasonCode Reason, bool ForgetSession = false) : IPacket
{
    public int Size => Version != MqttVersion.V5 ? 2 : ForgetSession ? 9 : 3;

    public void WriteTo(IBufferWriter<byte> output)
    {
        var writer = new PacketWriter(output.GetSpan(Size));
        writer.Header(PacketType.Disconnect, 0, Size - 2);
        if (Version == MqttVersion.V5) writer.Byte((int)Reason);
        if (Version == MqttVersion.V5 && ForgetSession)
        {
            writer.Variable(5);
            writer.Property(PacketProperty.SessionExpiry);
            writer.LongNumber(0);
        }

        output.Advance(Size);
    }

    /// <summary>Reads one from the broker.</summary>
    public static (MqttReasonCode Reason, string? Why) Read(ReadOnlySpan<byte> body, MqttVersion version)
    {
        if (version != MqttVersion.V5) throw PacketException.Protocol("a DISCONNECT, which MQTT 3.1.1 brokers do not send");
        var reader = new PacketReader(body);
        if (reader.Left == 0) return (MqttReasonCode.Success, null);
        var reason = (MqttReasonCode)reader.Byte();
        if (reader.Left == 0) return (reason, null);
        var properties = PacketProperties.Read(ref reader, PacketProperties.OfDisconnect);
        if (reader.Left > 0) throw PacketException.Malformed("a DISCONNECT that is too long");
        return (reason, properties.Server is { } server ? $"{properties.Reason} (it names the server {server})" : properties.Reason);
    }
}
