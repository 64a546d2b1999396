using Hybrid.Edge.Mqtt.Packets;

namespace Hybrid.Edge.Mqtt.Wire;

/// <summary>What a broker can do, and what both agreed on.</summary>
/// <param name="Version">How both speak.</param>
/// <param name="Qos">The best quality of service that it takes.</param>
/// <param name="Retain">Whether it keeps messages.</param>
/// <param name="Wildcards">Whether filters may have wildcards.</param>
/// <param name="Shared">Whether groups may share a subscription.</param>
/// <param name="SubscriptionIds">Whether subscriptions may have numbers.</param>
/// <param name="Window">How many messages may be unanswered at the broker.</param>
/// <param name="PacketSize">Bytes of the largest packet that it takes.</param>
/// <param name="Aliases">How many topics may have a short number on the way to it.</param>
/// <param name="KeepAlive">After how long without a word it is asked whether it is there; zero: never.</param>
internal sealed record BrokerLimits(
    MqttVersion Version, MqttQos Qos, bool Retain, bool Wildcards, bool Shared, bool SubscriptionIds, int Window, long PacketSize, int Aliases, TimeSpan KeepAlive)
{
    /// <summary>MQTT 3.1.1 has no receive maximum, and mosquitto takes more messages of quality of service 2 than this at once, says so, and loses them.</summary>
    private const int UnspokenWindow = 20;

    public static BrokerLimits Of(PacketProperties said, MqttClientOptions options)
    {
        var five = options.Version == MqttVersion.V5;
        return new(
            options.Version,
            (MqttQos?)said.Qos ?? MqttQos.ExactlyOnce,
            said.Retain,
            said.Wildcards,
            said.Shared,
            five && said.SubscriptionIds,
            Math.Min(options.SendMaximum, five ? said.Receive ?? ushort.MaxValue : UnspokenWindow),
            said.MaximumPacketSize ?? uint.MaxValue,
            Math.Min(options.TopicAliasMaximum, said.Aliases ?? 0),
            said.KeepAlive is { } seconds ? TimeSpan.FromSeconds(seconds) : options.KeepAlive);
    }

    /// <summary>Why the broker would not take a message of such a size; null: it would.</summary>
    public string? Problem(MqttMessage message, int size) =>
        message.Qos > Qos ? $"the broker takes messages at most with quality of service {(int)Qos}"
        : message.Retain && !Retain ? "the broker keeps no messages"
        : size > PacketSize ? $"it is a packet of {size} bytes, and the broker takes at most {PacketSize}"
        : null;

    /// <summary>Why the broker would not take a subscription; null: it would.</summary>
    public string? Problem(MqttSubscription wanted) =>
        !Wildcards && MqttTopic.HasWildcards(wanted.Filter) ? "the broker knows no wildcards"
        : !Shared && MqttTopic.IsShared(wanted.Filter) ? "the broker knows no shared subscriptions"
        : null;
}
