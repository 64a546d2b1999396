namespace Hybrid.Edge.Mqtt;

/// <summary>What the broker publishes when the client is gone without having said so.</summary>
/// <param name="Message">The message; over MQTT 3.1.1 only topic, payload, quality of service and mark count.</param>
public sealed record MqttWill(MqttMessage Message)
{
    /// <summary>How long the broker waits for the client to come back; whole seconds, MQTT 5 only.</summary>
    public TimeSpan Delay { get; init; }
}
