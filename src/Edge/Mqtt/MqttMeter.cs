using System.Diagnostics.Metrics;
using Hybrid.Accounting;

namespace Hybrid.Edge.Mqtt;

/// <summary>What MQTT clients do, on the meter <c>Hybrid</c>; counts only, never topics or payloads.</summary>
internal static class MqttMeter
{
    private static readonly Meter Meter = new(HybridMeter.Name);
    private static readonly Counter<long> Messages = Meter.CreateCounter<long>("hybrid.mqtt.messages", "{message}", "Messages by direction: out, in, or dropped where a handler was too slow.");
    private static readonly Counter<long> Connections = Meter.CreateCounter<long>("hybrid.mqtt.connections", "{connection}", "Connections made.");

    public static void Sent() => Messages.Add(1, new KeyValuePair<string, object?>("direction", "out"));

    public static void Received() => Messages.Add(1, new KeyValuePair<string, object?>("direction", "in"));

    public static void Dropped() => Messages.Add(1, new KeyValuePair<string, object?>("direction", "dropped"));

    public static void Connected() => Connections.Add(1);
}
