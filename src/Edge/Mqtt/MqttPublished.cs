namespace Hybrid.Edge.Mqtt;

/// <summary>What the broker said of a message that it took.</summary>
/// <param name="Reason"><see cref="MqttReasonCode.Success"/>, or <see cref="MqttReasonCode.NoMatchingSubscribers"/> where the broker says so.</param>
public readonly record struct MqttPublished(MqttReasonCode Reason);
