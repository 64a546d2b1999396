using Hybrid.Edge.Mqtt;
using Microsoft.Extensions.Logging;

namespace Hybrid.Adapters.MqttNet;

/// <summary>Makes MQTT clients that speak through MQTTnet.</summary>
public static class MqttNetClient
{
    /// <summary>Creates a client, which does nothing until it is started.</summary>
    /// <param name="options">As for the client in the box. Of them MQTTnet does not use <see cref="MqttClientOptions.TopicAliasMaximum"/>, and does not hold the broker to <see cref="MqttClientOptions.MaximumPacketSize"/>, of which it is only told.</param>
    /// <param name="logger">Takes hosts, topics of failures and reasons.</param>
    /// <param name="configure">Changes MQTTnet's options before each connection: a proxy, an own stream, TLS. What it says of the session, the will and of names is not used; those are in <paramref name="options"/>.</param>
    /// <returns>A client with all promises of the one in the box: the session, its file, and the numbers of messages stay Hybrid's; MQTTnet connects, and reads and writes packets.</returns>
    /// <exception cref="HybridException">The options cannot be used (<see cref="HybridError.Configuration"/>), or the session's file cannot (<see cref="HybridError.Storage"/>).</exception>
    public static MqttClient Create(MqttClientOptions options, ILogger<MqttClient>? logger = null, Action<global::MQTTnet.MqttClientOptions>? configure = null) =>
        new(options, logger, new MqttNetOpener(configure).OpenAsync);
}
