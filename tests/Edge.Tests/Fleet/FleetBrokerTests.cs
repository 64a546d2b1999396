using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Hybrid.Configuration;
using Hybrid.Edge.Fleet;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Outbox;
using Hybrid.Edge.Tests.Mqtt;
using Hybrid.Edge.Tests.Mqtt.Brokers;
using Hybrid.Edge.Tests.Outbox;
using Microsoft.Extensions.Configuration;

namespace Hybrid.Edge.Tests.Fleet;

/// <summary>A device on a real broker, by a line that is cut.</summary>
public sealed class FleetBrokerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-fleet").FullName;
    private readonly FleetPlace.KeyPair _key = FleetPlace.KeyPair.Create();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_device_gets_what_was_published_before_it_came_or_while_it_was_away_and_its_will_says_when_it_is_lost()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var proxy = new Proxy(broker.Endpoint);
        var options = new FleetOptions { Broker = proxy.Endpoint, Fleet = "shops", Device = "till-1", StatePath = _folder, TrustedKeys = new Dictionary<string, string> { ["ops"] = _key.Public } };
        await using var ops = new MqttClient(FleetClient.OfOperator(options with { Broker = broker.Endpoint }));
        ConcurrentQueue<bool> presence = [];
        ConcurrentDictionary<string, JsonElement> said = [];
        await ops.StartAsync(TestContext.Current.CancellationToken);
        await ops.SubscribeAsync(new("hybrid/v1/shops/+/presence"), (message, _) =>
        {
            presence.Enqueue(JsonDocument.Parse(message.Payload.ToArray()).RootElement.GetProperty("online").GetBoolean());
            return ValueTask.CompletedTask;
        }, TestContext.Current.CancellationToken);
        await ops.SubscribeAsync(new("hybrid/v1/shops/till-1/reported"), (message, _) =>
        {
            said["reported"] = JsonDocument.Parse(message.Payload.ToArray()).RootElement;
            return ValueTask.CompletedTask;
        }, TestContext.Current.CancellationToken);
        await PublishAsync(ops, 1, "green");

        var layer = FleetConfiguration.Open(options);
        var settings = new ConfigurationBuilder().Add(layer).Build();
        await using var outbox = DeviceOutbox.Open(new() { Path = Path.Combine(_folder, "outbox"), Source = "till-1" });
        await using var client = new MqttClient(FleetClient.OfDevice(options) with { ReconnectDelay = TimeSpan.FromMilliseconds(1), MaximumReconnectDelay = TimeSpan.FromMilliseconds(20) });
        await using var device = new FleetDevice(layer, client, outbox);
        await device.StartAsync(TestContext.Current.CancellationToken);
        await OutboxPlace.Until(() => settings["Hybrid:Policy"] == "green" && Applied() == 1 && !presence.IsEmpty); // two subscriptions: either may be heard first
        Assert.Equal([true], presence);

        proxy.IsDown = true;
        proxy.Cut();
        await OutboxPlace.Until(() => presence.Count == 2);
        Assert.Equal([true, false], presence); // the broker said so
        await PublishAsync(ops, 2, "fast");
        Assert.Equal("green", settings["Hybrid:Policy"]);
        proxy.IsDown = false;
        await OutboxPlace.Until(() => settings["Hybrid:Policy"] == "fast" && Applied() == 2 && presence.Count == 3);
        await device.StopAsync(TestContext.Current.CancellationToken);
        await OutboxPlace.Until(() => presence.Count == 4);
        Assert.Equal([true, false, true, false], presence);

        long Applied() => said.TryGetValue("reported", out var state) && state.GetProperty("fleetDesired").TryGetProperty("applied", out var applied) ? applied.GetInt64() : 0;
    }

    [Fact]
    public async Task All_devices_of_a_fleet_follow_one_message()
    {
        var many = Environment.GetEnvironmentVariable("HYBRID_LONG_TESTS") == "1" ? 200 : 20;
        await using var broker = await Mosquitto.StartAsync();
        var fleet = new FleetOptions { Broker = broker.Endpoint, Fleet = "shops", Device = "ops", StatePath = _folder, TrustedKeys = new Dictionary<string, string> { ["ops"] = _key.Public } };
        await using var ops = new MqttClient(FleetClient.OfOperator(fleet));
        ConcurrentDictionary<string, long> applied = [];
        await ops.StartAsync(TestContext.Current.CancellationToken);
        await ops.SubscribeAsync(new("hybrid/v1/shops/+/reported"), (message, _) =>
        {
            var desired = JsonDocument.Parse(message.Payload.ToArray()).RootElement.GetProperty("fleetDesired");
            applied[message.Topic] = desired.TryGetProperty("applied", out var version) ? version.GetInt64() : 0;
            return ValueTask.CompletedTask;
        }, TestContext.Current.CancellationToken);
        List<IAsyncDisposable> parts = [];
        for (var i = 0; i < many; i++)
        {
            var options = fleet with { Device = $"till-{i}", StatePath = Path.Combine(_folder, $"{i}") };
            var (client, outbox) = (new MqttClient(FleetClient.OfDevice(options)), DeviceOutbox.Open(new() { Path = Path.Combine(options.StatePath, "outbox"), Source = options.Device }));
            var device = new FleetDevice(FleetConfiguration.Open(options), client, outbox);
            parts.AddRange([device, outbox, client]);
            await device.StartAsync(TestContext.Current.CancellationToken);
        }

        await OutboxPlace.Until(() => applied.Count == many);
        var began = TimeProvider.System.GetTimestamp();
        await PublishAsync(ops, 1, "green");
        await OutboxPlace.Until(() => applied.Values.All(version => version == 1));
        TestContext.Current.SendDiagnosticMessage($"{many} devices, {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0.00} s until all reported");
        foreach (var part in parts) await part.DisposeAsync();
    }

    private async Task PublishAsync(MqttClient ops, int version, string policy) => await ops.PublishAsync(
        new()
        {
            Topic = "hybrid/v1/shops/desired",
            Payload = SignedEnvelope.Sign(SignedEnvelope.Desired, Encoding.UTF8.GetBytes(FleetPlace.Fleet(version, $$"""{ "Policy": "{{policy}}" }""")), "ops", _key.Private),
            Qos = MqttQos.AtLeastOnce,
            Retain = true,
        },
        TestContext.Current.CancellationToken);
}
