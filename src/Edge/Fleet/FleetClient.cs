using System.Text.Json;
using Hybrid.Configuration;
using Hybrid.Edge.Mqtt;

namespace Hybrid.Edge.Fleet;

/// <summary>The options of the MQTT client that a device of a fleet needs: its name, its session and its will among them.</summary>
public static class FleetClient
{
    /// <summary>What a device needs.</summary>
    public static MqttClientOptions OfDevice(FleetOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Directory.CreateDirectory(options.StatePath);
        return Of(options) with
        {
            ClientId = $"hybrid-{options.Fleet}-{options.Device}",
            SessionPath = Path.Combine(options.StatePath, "session"),
            SessionExpiry = TimeSpan.FromDays(7),
            Will = new(Presence(new FleetTopics(options.Fleet, options.Device), new(DesiredDocument.Schema, false, null, null))),
        };
    }

    /// <summary>What an operator needs: no will, and a session that ends with it.</summary>
    public static MqttClientOptions OfOperator(FleetOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Of(options) with { CleanStart = true, SessionExpiry = TimeSpan.Zero };
    }

    internal static MqttMessage Presence(FleetTopics topics, DevicePresence presence) => new()
    {
        Topic = topics.Presence,
        Payload = JsonSerializer.SerializeToUtf8Bytes(presence, FleetJson.Default.DevicePresence),
        Qos = MqttQos.AtLeastOnce,
        Retain = true,
        ContentType = "application/json",
    };

    private static MqttClientOptions Of(FleetOptions options) => new()
    {
        Broker = options.Broker,
        UserName = options.User,
        Password = options.Password,
        Tls = new() { AuthorityPath = options.Tls.CaPath, CertificatePath = options.Tls.CertificatePath, KeyPath = options.Tls.KeyPath, PinnedKeys = options.Tls.Pins },
    };
}
