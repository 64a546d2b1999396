using System.Collections.Concurrent;
using System.Text;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Tests.Mqtt.Brokers;

namespace Hybrid.Edge.Tests.Mqtt;

/// <summary>Connects and exchanges one message, with the wire cut behind each byte in turn.</summary>
public sealed class CutWireTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(2);

    public static TheoryData<string, MqttQos, bool, bool> Cases()
    {
        var cases = new TheoryData<string, MqttQos, bool, bool>();
        var all = Environment.GetEnvironmentVariable("HYBRID_LONG_TESTS") == "1";
        foreach (var broker in all ? ["mosquitto 5", "aedes 3.1.1", "mosquitto 3.1.1"] : (string[])["mosquitto 5", "aedes 3.1.1"])
            foreach (var qos in new[] { MqttQos.AtLeastOnce, MqttQos.ExactlyOnce })
                foreach (var (sends, toBroker) in new[] { (true, true), (true, false), (false, true), (false, false) })
                {
                    // aedes 1.2.0 was seen to deliver such a message again as a new one, and to leave an exchange unanswered.
                    if (all || sends || qos != MqttQos.ExactlyOnce || broker != "aedes 3.1.1") cases.Add(broker, qos, sends, toBroker);
                }

        return cases;
    }

    /// <param name="name">The broker and the version.</param>
    /// <param name="qos">How the message is sent.</param>
    /// <param name="sends">Whether the client on the cut wire sends; else it receives.</param>
    /// <param name="toBroker">Which direction is counted.</param>
    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Every_message_arrives_and_no_more_often_than_promised(string name, MqttQos qos, bool sends, bool toBroker)
    {
        await using IBroker broker = name.StartsWith("mosquitto", StringComparison.Ordinal) ? await Mosquitto.StartAsync() : await AedesBroker.StartAsync();
        await using var proxy = new Proxy(broker.Endpoint);
        var options = new MqttClientOptions
        {
            Broker = proxy.Endpoint,
            Version = name.EndsWith('5') ? MqttVersion.V5 : MqttVersion.V311,
            ClientId = "cut",
            KeepAlive = TimeSpan.FromSeconds(5), // so that a line that only looks whole costs seconds
            PingTimeout = TimeSpan.FromSeconds(5),
            ReconnectDelay = TimeSpan.FromMilliseconds(1),
            MaximumReconnectDelay = TimeSpan.FromMilliseconds(10),
        };
        await using var cut = new MqttClient(options);
        await using var steady = new MqttClient(options with { Broker = broker.Endpoint, ClientId = "steady" });
        var (sender, receiver) = sends ? (cut, steady) : (steady, cut);
        var arrived = new ConcurrentQueue<string>();
        var waited = new ConcurrentDictionary<string, TaskCompletionSource>(StringComparer.Ordinal);
        await receiver.SubscribeAsync(new("cut/+", qos), (message, _) =>
        {
            var text = Inbox.Text(message);
            if (message.Topic == "cut/wire") arrived.Enqueue(text);
            waited.GetOrAdd(text, _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
            return ValueTask.CompletedTask;
        });
        await sender.SubscribeAsync(new("none"), (_, _) => ValueTask.CompletedTask); // aedes knows no session without a subscription
        await receiver.StartAsync();
        await sender.StartAsync();

        async Task SendAsync(IMqttClient from, string topic, string text, MqttQos how)
        {
            await from.PublishAsync(new() { Topic = topic, Payload = Encoding.UTF8.GetBytes(text), Qos = how }).WaitAsync(Hang);
            if (topic != "settled") await waited.GetOrAdd(text, _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).Task.WaitAsync(Hang);
        }

        async Task ExchangeAsync(string text)
        {
            proxy.Cut();
            await SendAsync(sender, "cut/wire", text, qos);
            if (sends) return;

            // Until nothing of it is in flight: for a broker that is cut off again while it sends its PUBREL anew, mosquitto 2.0.11 begins
            // with the PUBLISH again, and no receiver can tell that from another message. The handler's next turn has the answer to the
            // first written, and what is sent behind that is answered behind it.
            await SendAsync(sender, "cut/next", $"next {text}", MqttQos.AtLeastOnce);
            await SendAsync(receiver, "settled", text, MqttQos.ExactlyOnce);
        }

        // How long an exchange is, from the first byte of the connection: the second one ends behind the first one's last packets.
        await ExchangeAsync("first");
        var before = proxy.Passed;
        await ExchangeAsync("second");
        await ExchangeAsync("third");
        var length = (int)((toBroker ? proxy.Passed.ToBroker - before.ToBroker : proxy.Passed.ToClient - before.ToClient) / 2);
        Assert.InRange(length, toBroker ? 24 : 8, 400);

        for (var n = 0; n <= length + 4; n++)
        {
            if (toBroker) proxy.CutAfter(toBroker: n);
            else proxy.CutAfter(toClient: n);
            await ExchangeAsync($"{n}");
        }

        proxy.CutAfter();
        await ExchangeAsync("last");
        var counts = arrived.GroupBy(text => text).ToDictionary(group => group.Key, group => group.Count());
        Assert.Equal(length + 9, counts.Count);
        if (qos == MqttQos.ExactlyOnce) Assert.All(counts, one => Assert.True(one.Value == 1, $"Cut behind byte {one.Key} it came {one.Value} times."));
        Assert.True(proxy.Connections > 2 * length, "The wire was not cut as often as it should.");
    }
}
