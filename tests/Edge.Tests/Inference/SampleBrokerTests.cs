using Hybrid.Edge.Fleet;
using Hybrid.Edge.Inference;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Tests.Mqtt;
using Hybrid.Edge.Tests.Mqtt.Brokers;
using Hybrid.CloudWorker.Tests;
using Hybrid.Targets;
using Hybrid.Tests;

namespace Hybrid.Edge.Tests.Inference;

/// <summary>The sample's list of who may do what, with a broker that keeps to it.</summary>
public sealed class SampleBrokerTests : IDisposable
{
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(3));
    private readonly TemporaryFolder _folder = new();

    private CancellationToken Limit => _limit.Token;

    [Fact]
    public async Task A_sensor_is_answered_by_the_gateway_and_may_do_nothing_in_its_name()
    {
        await using var broker = await Mosquitto.StartAsync($"acl_file {Path.Combine(Repository.Root, "samples", "edge-device", "acl")}");
        await using var gatewayBus = await StartAsync(broker, "gateway-1");
        await using var sensor = await StartAsync(broker, "sensor-7");
        await using var operatorBus = await StartAsync(broker, "operator");
        await using var far = new HybridChatClient([new ScriptedTarget("engine", "well")]);
        await using var gateway = await InferenceGateway.StartAsync(far, gatewayBus, new() { Fleet = "plant", Device = "gateway-1", Path = _folder.Path }, Limit);
        var topics = new FleetTopics("plant", "gateway-1");
        await gatewayBus.PublishAsync(FleetClient.Presence(topics, new(DesiredDocument.Schema, true, null, null)), Limit);
        await using var target = new BusTarget(sensor, new() { Descriptor = new() { Name = "gateway", Model = "hybrid", Zone = Zone.Site }, Fleet = "plant", Device = "gateway-1", ReplyName = "sensor-7" });
        var text = "";
        await foreach (var update in target.GenerateAsync(new() { Prompt = new MessagesPrompt([new("user", "how are you?")]) }, Limit)) text += update.Text;
        Assert.Equal("well", text);

        // mosquitto 2.0 ends a connection with its refusal, so each is of its own.
        foreach (var topic in (string[])[topics.Reported, topics.Presence, topics.Command, topics.DeviceDesired, topics.FleetDesired, "hybrid/v1/plant/replies/sensor-8"])
        {
            await using var other = await StartAsync(broker, "sensor-7", $"of {topic}");
            Assert.Equal(HybridError.Unauthorized, (await Assert.ThrowsAsync<HybridException>(() => other.PublishAsync(new() { Topic = topic, Qos = MqttQos.AtLeastOnce }, Limit))).Error);
        }

        // And what the operator says reaches the device, with what its outbox waits for.
        foreach (var topic in (string[])[topics.FleetDesired, topics.DeviceDesired, topics.Command, topics.Confirm])
        {
            var heard = new Inbox();
            await using var hearing = await gatewayBus.SubscribeAsync(new(topic), heard.TakeAsync, Limit);
            await operatorBus.PublishAsync(new() { Topic = topic, Qos = MqttQos.AtLeastOnce }, Limit);
            Assert.Equal(topic, (await heard.NextAsync()).Topic);
        }
    }

    public void Dispose()
    {
        _folder.Dispose();
        _limit.Dispose();
    }

    private async Task<MqttClient> StartAsync(Mosquitto broker, string user, string? name = null)
    {
        var client = new MqttClient(new() { Broker = broker.Endpoint, ClientId = name ?? user, UserName = user, CleanStart = true });
        await client.StartAsync(Limit);
        return client;
    }
}
