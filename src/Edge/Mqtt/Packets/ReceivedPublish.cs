using System.Buffers;

namespace Hybrid.Edge.Mqtt.Packets;

/// <summary>Reads a message from the broker.</summary>
internal static class ReceivedPublish
{
    /// <param name="flags">The lower half of the first byte.</param>
    /// <param name="body">What follows the length; not kept.</param>
    /// <param name="version">How it is written.</param>
    /// <param name="topics">The topics of this connection.</param>
    /// <returns>The message and its number, 0 at most once.</returns>
    public static (MqttMessage Message, ushort Id) Read(int flags, in ReadOnlySequence<byte> body, MqttVersion version, ReceivedTopics topics)
    {
        // A large packet lies in many pieces. It is copied once, and its payload stays in that copy.
        if (body.IsSingleSegment) return Read(flags, body.FirstSpan, default, version, topics);
        var whole = body.ToArray();
        return Read(flags, whole, whole, version, topics);
    }

    private static (MqttMessage Message, ushort Id) Read(int flags, ReadOnlySpan<byte> body, ReadOnlyMemory<byte> own, MqttVersion version, ReceivedTopics topics)
    {
        var qos = (MqttQos)(flags >> 1 & 3);
        if (qos > MqttQos.ExactlyOnce) throw PacketException.Malformed("a quality of service of 3");
        var again = (flags & 8) != 0;
        if (again && qos == MqttQos.AtMostOnce) throw PacketException.Protocol("a message sent again that is sent at most once");

        var reader = new PacketReader(body);
        var name = reader.Binary();
        var id = qos == MqttQos.AtMostOnce ? (ushort)0 : reader.PacketId();
        var properties = version == MqttVersion.V5 ? PacketProperties.Read(ref reader, PacketProperties.OfPublish) : PacketProperties.None;
        var message = new MqttMessage
        {
            Topic = topics.Resolve(name, properties.Alias),
            Payload = own.IsEmpty ? reader.Rest().ToArray() : own[^reader.Left..],
            Qos = qos,
            Retain = (flags & 1) != 0,
            IsDuplicate = again,
            Expiry = properties.Expiry is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            ContentType = properties.ContentType,
            ResponseTopic = properties.ResponseTopic,
            CorrelationData = properties.CorrelationData,
            UserProperties = properties.User,
            SubscriptionIds = properties.Subscriptions,
        };
        return (message, id);
    }
}
