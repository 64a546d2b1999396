using System.Buffers;
using static Hybrid.Edge.Mqtt.Packets.PacketProperty;

namespace Hybrid.Edge.Mqtt.Packets;

/// <summary>The first packet of a connection.</summary>
/// <param name="Options">What the client wants.</param>
/// <param name="ClientId">Its name; empty: the broker gives it one.</param>
/// <param name="Clean">Whether the broker forgets what it has of the client.</param>
/// <param name="Password">Null: none.</param>
internal sealed record ConnectPacket(MqttClientOptions Options, string ClientId, bool Clean, string? Password) : IPacket
{
    public int Size => 1 + PacketWriter.SizeOf(Length) + Length;

    private bool IsFive => Options.Version == MqttVersion.V5;

    /// <summary>A time in whole seconds; for ever is the largest number.</summary>
    public static uint Seconds(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? uint.MaxValue : (uint)Math.Min(Math.Ceiling(time.TotalSeconds), uint.MaxValue - 1);

    private int Length
    {
        get
        {
            var length = 10 + PacketWriter.SizeOf(ClientId);
            if (IsFive) length += PacketWriter.SizeOf(PropertiesLength) + PropertiesLength;
            if (Options.Will is { } will)
            {
                length += PacketWriter.SizeOf(will.Message.Topic) + PacketWriter.SizeOf(will.Message.Payload);
                if (IsFive) length += PacketWriter.SizeOf(WillLength(will)) + WillLength(will);
            }

            if (Options.UserName is { } name) length += PacketWriter.SizeOf(name);
            if (Password is { } password) length += PacketWriter.SizeOf(password);
            return length;
        }
    }

    // Session expiry, receive maximum, maximum packet size, topic alias maximum.
    private static int PropertiesLength => 5 + 3 + 5 + 3;

    public void WriteTo(IBufferWriter<byte> output)
    {
        var writer = new PacketWriter(output.GetSpan(Size));
        writer.Header(PacketType.Connect, 0, Length);
        writer.Text("MQTT");
        writer.Byte((int)Options.Version);
        writer.Byte(Flags());
        writer.Number((int)Options.KeepAlive.TotalSeconds);
        if (IsFive) WriteProperties(ref writer);
        writer.Text(ClientId);
        if (Options.Will is { } will) WriteWill(ref writer, will);
        if (Options.UserName is { } name) writer.Text(name);
        if (Password is { } password) writer.Text(password);
        output.Advance(Size);
    }

    /// <summary>Without the password.</summary>
    public override string ToString() => $"CONNECT {ClientId}";

    private static uint? Expiry(MqttWill will) => will.Message.Expiry is { } expiry ? PublishProperties.Seconds(expiry) : null;

    private static int WillLength(MqttWill will) => 5 + PublishProperties.SizeOf(will.Message, Expiry(will), alias: 0);

    private int Flags() => (Clean ? 2 : 0)
        | (Options.Will is { Message: var message } ? 4 | ((int)message.Qos << 3) | (message.Retain ? 0x20 : 0) : 0)
        | (Password is not null ? 0x40 : 0)
        | (Options.UserName is not null ? 0x80 : 0);

    private void WriteProperties(ref PacketWriter writer)
    {
        writer.Variable(PropertiesLength);
        writer.Property(SessionExpiry);
        writer.LongNumber(Seconds(Options.SessionExpiry));
        writer.Property(ReceiveMaximum);
        writer.Number(Options.ReceiveMaximum);
        writer.Property(MaximumPacketSize);
        writer.LongNumber((uint)Options.MaximumPacketSize);
        writer.Property(TopicAliasMaximum);
        writer.Number(Options.TopicAliasMaximum);
    }

    private void WriteWill(ref PacketWriter writer, MqttWill will)
    {
        if (IsFive)
        {
            writer.Variable(WillLength(will));
            writer.Property(WillDelay);
            writer.LongNumber(Seconds(will.Delay));
            PublishProperties.Write(ref writer, will.Message, Expiry(will), alias: 0);
        }

        writer.Text(will.Message.Topic);
        writer.Binary(will.Message.Payload.Span);
    }
}
