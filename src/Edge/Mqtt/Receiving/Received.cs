using Hybrid.Edge.Mqtt.Wire;

namespace Hybrid.Edge.Mqtt.Receiving;

/// <summary>A message from the broker that must be answered. Guarded by the lock of <see cref="Inbound"/>.</summary>
/// <param name="id">The broker's number for it.</param>
/// <param name="qos">How it came.</param>
/// <param name="topic">Tells it from another one with its number.</param>
internal sealed class Received(ushort id, MqttQos qos, string topic)
{
    public ushort Id => id;

    public MqttQos Qos => qos;

    public string Topic => topic;

    /// <summary>Where its answer goes; null: nowhere until it comes again.</summary>
    public Link? Link { get; set; }

    /// <summary>Handlers that have not returned.</summary>
    public int Running { get; set; }

    /// <summary>Whether a handler failed.</summary>
    public bool IsFailed { get; set; }

    /// <summary>Whether all handlers have returned well.</summary>
    public bool IsHandled { get; set; }
}
