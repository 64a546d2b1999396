namespace Hybrid.Edge.Mqtt;

/// <summary>A message to or from a broker. Its bytes must not change once it is given to a client.</summary>
public sealed record MqttMessage
{
    /// <summary>Where it is published: no wildcards, at most 65,535 bytes of UTF-8.</summary>
    public required string Topic { get; init; }

    /// <summary>The message itself. A handler that keeps it longer than it runs makes a copy.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>What the sender and the broker, or the broker and the receiver, promise each other.</summary>
    public MqttQos Qos { get; init; }

    /// <summary>Whether the broker keeps it for those who subscribe later; on a message received, whether it was kept.</summary>
    public bool Retain { get; init; }

    /// <summary>Whether it was sent before, on a message received.</summary>
    public bool IsDuplicate { get; init; }

    /// <summary>After how long the broker drops it undelivered, in whole seconds; on a message received, what is left of that.</summary>
    /// <value>Null: never. Not sent over MQTT 3.1.1, as all that follows.</value>
    public TimeSpan? Expiry { get; init; }

    /// <summary>What the payload is, as a media type.</summary>
    public string? ContentType { get; init; }

    /// <summary>Where an answer is expected.</summary>
    public string? ResponseTopic { get; init; }

    /// <summary>What an answer must carry again.</summary>
    public ReadOnlyMemory<byte> CorrelationData { get; init; }

    /// <summary>Names and values for the receiver, in order; a name may come twice.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> UserProperties { get; init; } = [];

    /// <summary>The numbers of the subscriptions that it matched, on a message received.</summary>
    public IReadOnlyList<int> SubscriptionIds { get; init; } = [];
}
