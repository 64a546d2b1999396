using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Outbox;
using Hybrid.Edge.Tests.Mqtt;
using Hybrid.Edge.Tests.Mqtt.Brokers;
using Hybrid.Tests.Models;

namespace Hybrid.Edge.Tests.Outbox;

/// <summary>An outbox, a real broker, and a line that is cut again and again.</summary>
public sealed class OutboxBrokerTests : IDisposable
{
    private static readonly int Kills = Environment.GetEnvironmentVariable("HYBRID_LONG_TESTS") == "1" ? 50 : 4;
    private const int PerLife = 600;
    private static readonly int Records = Environment.GetEnvironmentVariable("HYBRID_LONG_TESTS") == "1" ? 50_000 : 3_000;
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-outbox").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Every_stored_record_arrives_in_the_order_of_its_topic_while_line_outbox_and_broker_come_and_go()
    {
        await using var broker = await Mosquitto.StartAsync("persistence true");
        await using var proxy = new Proxy(broker.Endpoint);
        var (arrived, filter) = (new ConcurrentDictionary<string, ConcurrentQueue<int>>(StringComparer.Ordinal), new RepeatFilter());
        await using var receiver = new MqttClient(Options(broker.Endpoint, "receiver"));
        await receiver.SubscribeAsync(new("t/#"), (message, _) =>
        {
            if (filter.IsNew(message)) arrived.GetOrAdd(message.Topic, _ => new()).Enqueue(int.Parse(Encoding.UTF8.GetString(message.Payload.Span), CultureInfo.InvariantCulture));
            return ValueTask.CompletedTask;
        }, TestContext.Current.CancellationToken);
        await receiver.StartAsync(TestContext.Current.CancellationToken);

        var (random, stored) = (new Random(3), 0);
        for (var life = 0; life < 6; life++)
        {
            await using var outbox = DeviceOutbox.Open(new() { Path = _folder, Source = "device" });
            await using var sender = new MqttClient(Options(proxy.Endpoint, "sender") with { CleanStart = life % 2 == 1 });
            using var ends = new CancellationTokenSource();
            var sending = outbox.SendAsync(sender, ends.Token);
            var starting = sender.StartAsync(ends.Token);
            for (var batch = 0; batch < 10; batch++)
            {
                await Task.WhenAll(Enumerable.Range(stored, Records / 60).Select(i => outbox.AppendAsync(new() { Topic = $"t/{i % 5}", Payload = Encoding.UTF8.GetBytes($"{i}") })));
                stored += Records / 60;
                if (random.Next(3) == 0) proxy.Cut();
            }

            if (life == 3)
            {
                // In order, so that it writes down what it took: what a broker loses in a crash is not the outbox's.
                await broker.StopAsync();
                await broker.StartAgainAsync();
            }

            if (life == 5) await OutboxPlace.Until(() => outbox.Counters.Waiting == 0);
            await ends.CancelAsync();
            await sending;
            await Task.WhenAny(starting);
        }

        await OutboxPlace.Until(() => arrived.Values.Sum(queue => queue.Count) >= stored);
        foreach (var (topic, queue) in arrived)
            Assert.Equal(Enumerable.Range(0, stored).Where(i => $"t/{i % 5}" == topic), queue);
    }

    [Fact]
    public async Task Every_record_that_a_killed_process_said_is_stored_arrives_while_line_and_broker_come_and_go()
    {
        await using var broker = await Mosquitto.StartAsync("persistence true");
        await using var proxy = new Proxy(broker.Endpoint);
        var (arrived, filter, seen) = (new ConcurrentDictionary<string, ConcurrentQueue<(int Life, int Number)>>(StringComparer.Ordinal), new RepeatFilter(), 0);
        await using var receiver = new MqttClient(Options(broker.Endpoint, "receiver"));
        await receiver.SubscribeAsync(new("t/#"), (message, _) =>
        {
            Interlocked.Increment(ref seen);
            var words = Encoding.UTF8.GetString(message.Payload.Span).Split(' ');
            if (filter.IsNew(message)) arrived.GetOrAdd(message.Topic, _ => new()).Enqueue((int.Parse(words[0], CultureInfo.InvariantCulture), int.Parse(words[1], CultureInfo.InvariantCulture)));
            return ValueTask.CompletedTask;
        }, TestContext.Current.CancellationToken);
        await receiver.StartAsync(TestContext.Current.CancellationToken);

        var random = new Random(11);
        HashSet<(string Topic, int Life, int Number)> stored = [];
        for (var life = 0; life < Kills; life++)
        {
            using var child = await SecondProcess.ReadyAsync("outbox", _folder, $"{life}", proxy.Endpoint.ToString());
            var cut = random.Next(PerLife);
            for (var lines = random.Next(PerLife / 2, PerLife); lines > 0; lines--)
            {
                Said((await child.ReadLineAsync())!);
                if (lines == cut) proxy.Cut();
            }

            if (life % 3 == 1)
            {
                await broker.StopAsync();
                await broker.StartAgainAsync();
            }

            await child.KillAsync();
            while (await child.ReadLineAsync() is { } rest) Said(rest);
        }

        // The last life only sends what is left.
        await using var outbox = DeviceOutbox.Open(new() { Path = _folder, Source = "child" });
        await using var sender = new MqttClient(Options(proxy.Endpoint, "child"));
        await sender.StartAsync(TestContext.Current.CancellationToken);
        using var ends = new CancellationTokenSource();
        var sending = outbox.SendAsync(sender, ends.Token);
        await OutboxPlace.Until(() => outbox.Counters.Waiting == 0);
        await ends.CancelAsync();
        await sending;
        await OutboxPlace.Until(() => Volatile.Read(ref seen) >= stored.Count && !stored.Except(arrived.SelectMany(pair => pair.Value.Select(one => (pair.Key, one.Life, one.Number)))).Any());
        Assert.All(arrived.Values, queue => Assert.Equal(queue.Distinct().Order(), queue));
        TestContext.Current.SendDiagnosticMessage($"{stored.Count} said to be stored, {arrived.Values.Sum(queue => queue.Count)} arrived, {seen} messages, {Kills} kills");

        void Said(string line)
        {
            // The last line may be cut by the kill.
            if (line.Split(' ') is [var topic, var life, var number] && int.TryParse(number, CultureInfo.InvariantCulture, out var which)) stored.Add((topic, int.Parse(life, CultureInfo.InvariantCulture), which));
        }
    }

    private static MqttClientOptions Options(Uri broker, string id) =>
        new() { Broker = broker, ClientId = id, ReconnectDelay = TimeSpan.FromMilliseconds(1), MaximumReconnectDelay = TimeSpan.FromMilliseconds(50) };
}
