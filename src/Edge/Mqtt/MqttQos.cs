namespace Hybrid.Edge.Mqtt;

/// <summary>How a message is delivered.</summary>
public enum MqttQos
{
    /// <summary>Once or not at all.</summary>
    AtMostOnce = 0,

    /// <summary>Once or more often.</summary>
    AtLeastOnce = 1,

    /// <summary>Once, as long as both sides keep the session.</summary>
    ExactlyOnce = 2,
}
