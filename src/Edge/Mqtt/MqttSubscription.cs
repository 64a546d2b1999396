namespace Hybrid.Edge.Mqtt;

/// <summary>Which messages a client wants.</summary>
/// <param name="Filter">Topics with the wildcards + and #.</param>
/// <param name="Qos">The most that the broker promises for them.</param>
public sealed record MqttSubscription(string Filter, MqttQos Qos = MqttQos.AtLeastOnce)
{
    /// <summary>Whether the client's own messages stay out; MQTT 5 only.</summary>
    public bool NoLocal { get; init; }

    /// <summary>Whether messages keep the mark with which they were published; MQTT 5 only.</summary>
    public bool RetainAsPublished { get; init; }

    /// <summary>Which kept messages come at once; MQTT 5 only.</summary>
    public MqttRetainHandling RetainHandling { get; init; }
}

/// <summary>Which kept messages a new subscription gets.</summary>
public enum MqttRetainHandling
{
    /// <summary>All that match, each time it is subscribed.</summary>
    Send = 0,

    /// <summary>All that match, if the session did not have the subscription.</summary>
    SendIfNew = 1,

    /// <summary>None.</summary>
    DoNotSend = 2,
}
