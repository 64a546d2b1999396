using System.Buffers;
using System.Text;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Mqtt.Packets;
using Hybrid.Edge.Mqtt.Wire;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using MqttNetOptions = MQTTnet.MqttClientOptions;

namespace Hybrid.Adapters.MqttNet;

/// <summary>Hybrid's packets as MQTTnet has them, and back.</summary>
internal static class Packets
{
    public static MqttConnectPacket Hello(ConnectPacket hello, MqttNetOptions net)
    {
        var options = hello.Options;
        var packet = new MqttConnectPacket
        {
            ClientId = hello.ClientId,
            CleanSession = hello.Clean || hello.ClientId.Length == 0, // MQTTnet wants it so; nobody has a session without a name
            Username = options.UserName,
            Password = hello.Password is { } password ? Encoding.UTF8.GetBytes(password) : null,
            KeepAlivePeriod = (ushort)options.KeepAlive.TotalSeconds,
            SessionExpiryInterval = ConnectPacket.Seconds(options.SessionExpiry),
            ReceiveMaximum = (ushort)options.ReceiveMaximum,
            MaximumPacketSize = (uint)options.MaximumPacketSize,
            RequestProblemInformation = true,
            UserProperties = net.UserProperties,
        };
        if (options.Will is not { } will) return packet;
        packet.WillFlag = true;
        packet.WillTopic = will.Message.Topic;
        packet.WillMessage = will.Message.Payload.ToArray();
        packet.WillQoS = (MqttQualityOfServiceLevel)will.Message.Qos;
        packet.WillRetain = will.Message.Retain;
        packet.WillDelayInterval = ConnectPacket.Seconds(will.Delay);
        packet.WillMessageExpiryInterval = will.Message.Expiry is { } expiry ? PublishProperties.Seconds(expiry) : 0;
        packet.WillContentType = will.Message.ContentType;
        packet.WillResponseTopic = will.Message.ResponseTopic;
        packet.WillCorrelationData = Bytes(will.Message.CorrelationData);
        packet.WillUserProperties = Pairs(will.Message.UserProperties);
        return packet;
    }

    /// <summary>A packet of the session's; messages have their own way.</summary>
    public static MqttPacket From(IPacket packet) => packet switch
    {
        AckPacket { Type: PacketType.PubAck } ack => new MqttPubAckPacket { PacketIdentifier = ack.Id, ReasonCode = (MqttPubAckReasonCode)ack.Reason },
        AckPacket { Type: PacketType.PubRec } ack => new MqttPubRecPacket { PacketIdentifier = ack.Id, ReasonCode = (MqttPubRecReasonCode)ack.Reason },
        AckPacket { Type: PacketType.PubRel } ack => new MqttPubRelPacket { PacketIdentifier = ack.Id, ReasonCode = (MqttPubRelReasonCode)ack.Reason },
        AckPacket ack => new MqttPubCompPacket { PacketIdentifier = ack.Id, ReasonCode = (MqttPubCompReasonCode)ack.Reason },
        SubscribePacket subscribe => new MqttSubscribePacket
        {
            PacketIdentifier = subscribe.Id,
            SubscriptionIdentifier = (uint)subscribe.Number,
            TopicFilters =
            [
                new MqttTopicFilter
                {
                    Topic = subscribe.Wanted.Filter,
                    QualityOfServiceLevel = (MqttQualityOfServiceLevel)subscribe.Wanted.Qos,
                    NoLocal = subscribe.Wanted.NoLocal,
                    RetainAsPublished = subscribe.Wanted.RetainAsPublished,
                    RetainHandling = (MQTTnet.Protocol.MqttRetainHandling)subscribe.Wanted.RetainHandling,
                },
            ],
        },
        UnsubscribePacket unsubscribe => new MqttUnsubscribePacket { PacketIdentifier = unsubscribe.Id, TopicFilters = [unsubscribe.Filter] },
        DisconnectPacket goodbye => new MqttDisconnectPacket { ReasonCode = (MqttDisconnectReasonCode)goodbye.Reason },
        PingPacket => MqttPingReqPacket.Instance,
        _ => throw new InvalidOperationException($"The session does not write {packet.GetType().Name}."),
    };

    public static MqttPublishPacket From(MqttMessage message, ushort id, bool again, uint? expiry) => new()
    {
        Topic = message.Topic,
        Payload = new ReadOnlySequence<byte>(message.Payload),
        QualityOfServiceLevel = (MqttQualityOfServiceLevel)message.Qos,
        Retain = message.Retain,
        Dup = again,
        PacketIdentifier = id,
        MessageExpiryInterval = expiry ?? 0,
        ContentType = message.ContentType,
        ResponseTopic = message.ResponseTopic,
        CorrelationData = Bytes(message.CorrelationData),
        UserProperties = Pairs(message.UserProperties),
    };

    public static MqttMessage From(MqttPublishPacket packet) => new()
    {
        Topic = packet.Topic is { Length: > 0 } topic ? topic : throw PacketException.Protocol("a message without a topic"),
        Payload = packet.Payload.IsSingleSegment ? packet.Payload.First : packet.Payload.ToArray(),
        Qos = (MqttQos)packet.QualityOfServiceLevel,
        Retain = packet.Retain,
        IsDuplicate = packet.Dup,
        Expiry = packet.MessageExpiryInterval > 0 ? TimeSpan.FromSeconds(packet.MessageExpiryInterval) : null,
        ContentType = packet.ContentType,
        ResponseTopic = packet.ResponseTopic,
        CorrelationData = packet.CorrelationData,
        UserProperties = packet.UserProperties is { } pairs ? [.. pairs.Select(pair => new KeyValuePair<string, string>(pair.Name, pair.ReadValueAsString()))] : [],
        SubscriptionIds = packet.SubscriptionIdentifiers is { } numbers ? [.. numbers.Select(number => (int)number)] : [],
    };

    public static Greeting Answer(MqttConnAckPacket packet, MqttVersion version) => new(
        packet.IsSessionPresent,
        version == MqttVersion.V5 ? (MqttReasonCode)packet.ReasonCode : ConnAckPacket.Translate((byte)packet.ReturnCode),
        packet.ReasonString,
        packet.AssignedClientIdentifier);

    public static BrokerLimits Limits(MqttConnAckPacket said, Hybrid.Edge.Mqtt.MqttClientOptions options)
    {
        var keepAlive = said.ServerKeepAlive > 0 ? TimeSpan.FromSeconds(said.ServerKeepAlive) : options.KeepAlive;
        if (options.Version != MqttVersion.V5) return BrokerLimits.Of(PacketProperties.None, options) with { KeepAlive = keepAlive, Aliases = 0 };
        return new(
            options.Version,
            (MqttQos)said.MaximumQoS,
            said.RetainAvailable,
            said.WildcardSubscriptionAvailable,
            said.SharedSubscriptionAvailable,
            said.SubscriptionIdentifiersAvailable,
            Math.Min(options.SendMaximum, said.ReceiveMaximum > 0 ? said.ReceiveMaximum : ushort.MaxValue),
            said.MaximumPacketSize > 0 ? said.MaximumPacketSize : uint.MaxValue,
            Aliases: 0,
            keepAlive);
    }

    private static byte[]? Bytes(ReadOnlyMemory<byte> bytes) => bytes.IsEmpty ? null : bytes.ToArray();

    private static List<MqttUserProperty>? Pairs(IReadOnlyList<KeyValuePair<string, string>> pairs) =>
        pairs.Count == 0 ? null : [.. pairs.Select(pair => new MqttUserProperty(pair.Key, (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(pair.Value)))];
}
