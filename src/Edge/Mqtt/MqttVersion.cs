namespace Hybrid.Edge.Mqtt;

/// <summary>A version of the protocol, by the number that stands on the wire.</summary>
public enum MqttVersion
{
    /// <summary>MQTT 3.1.1.</summary>
    V311 = 4,

    /// <summary>MQTT 5.</summary>
    V5 = 5,
}
