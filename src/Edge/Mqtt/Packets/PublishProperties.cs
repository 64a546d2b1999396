using static Hybrid.Edge.Mqtt.Packets.PacketProperty;

namespace Hybrid.Edge.Mqtt.Packets;

/// <summary>Writes what MQTT 5 says of a message besides its topic and payload; a will has the same.</summary>
internal static class PublishProperties
{
    /// <summary>Bytes of all properties, without their length.</summary>
    public static int SizeOf(MqttMessage message, uint? expiry, int alias)
    {
        var size = 0;
        if (alias > 0) size += 3;
        if (expiry is not null) size += 5;
        if (message.ContentType is { } type) size += 1 + PacketWriter.SizeOf(type);
        if (message.ResponseTopic is { } response) size += 1 + PacketWriter.SizeOf(response);
        if (!message.CorrelationData.IsEmpty) size += 1 + PacketWriter.SizeOf(message.CorrelationData);
        for (var i = 0; i < message.UserProperties.Count; i++)
            size += 1 + PacketWriter.SizeOf(message.UserProperties[i].Key) + PacketWriter.SizeOf(message.UserProperties[i].Value);
        return size;
    }

    public static void Write(ref PacketWriter writer, MqttMessage message, uint? expiry, int alias)
    {
        if (alias > 0)
        {
            writer.Property(TopicAlias);
            writer.Number(alias);
        }

        if (expiry is { } seconds)
        {
            writer.Property(MessageExpiry);
            writer.LongNumber(seconds);
        }

        if (message.ContentType is { } type)
        {
            writer.Property(ContentType);
            writer.Text(type);
        }

        if (message.ResponseTopic is { } response)
        {
            writer.Property(ResponseTopic);
            writer.Text(response);
        }

        if (!message.CorrelationData.IsEmpty)
        {
            writer.Property(CorrelationData);
            writer.Binary(message.CorrelationData.Span);
        }

        for (var i = 0; i < message.UserProperties.Count; i++)
        {
            writer.Property(UserProperty);
            writer.Text(message.UserProperties[i].Key);
            writer.Text(message.UserProperties[i].Value);
        }
    }

    /// <summary>A time in whole seconds, at least one.</summary>
    public static uint Seconds(TimeSpan time) => (uint)Math.Clamp(Math.Ceiling(time.TotalSeconds), 1, uint.MaxValue);
}
