using System.Collections.Concurrent;
using System.Text;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Outbox;
using Hybrid.Edge.Tests.Mqtt;
using Hybrid.Edge.Tests.Mqtt.Brokers;
using Hybrid.Tests.Models;

namespace Hybrid.Edge.Tests.Outbox;

/// <summary>A device, a mosquitto and a receiver in processes of their own; device and broker are killed and the line is cut, at random.</summary>
/// <remarks>5,000 records and 12 disturbances; 20,000 and 50 where HYBRID_LONG_TESTS is 1.</remarks>
public sealed class NoLossTests
{
    private static readonly bool Long = Environment.GetEnvironmentVariable("HYBRID_LONG_TESTS") == "1";
    private static readonly int Records = Long ? 20_000 : 5_000;
    private static readonly int Disturbances = Long ? 50 : 12;
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(3);

    [Theory]
    [InlineData(1)]
    public async Task Every_record_that_was_acknowledged_arrives_once_and_in_order(int seed)
    {
        var cancel = TestContext.Current.CancellationToken;
        var folder = Directory.CreateTempSubdirectory("hybrid-noloss").FullName;
        await using var broker = await Mosquitto.StartAsync();
        await using var line = new Proxy(broker.Endpoint);
        var received = new ConcurrentDictionary<string, ConcurrentQueue<(int Round, int Number)>>();
        var arrived = 0;
        await using var client = new MqttClient(new() { Broker = broker.Endpoint, ClientId = "receiver", ReconnectDelay = TimeSpan.FromMilliseconds(50), MaximumReconnectDelay = TimeSpan.FromMilliseconds(200) });
        await using var receiver = await OutboxReceiver.StartAsync(
            client,
            new("t/#"),
            (message, _) =>
            {
                var words = Encoding.UTF8.GetString(message.Payload.Span).Split(' ');
                received.GetOrAdd(message.Topic, _ => []).Enqueue((int.Parse(words[0]), int.Parse(words[1])));
                Interlocked.Increment(ref arrived);
                return ValueTask.CompletedTask;
            },
            new RepeatFilter(1 << 20),
            cancellationToken: cancel);
        await client.StartAsync(cancel);

        var random = new Random(seed);
        var stored = new ConcurrentDictionary<(string Topic, int Round, int Number), bool>();
        var (round, killed, cut, died) = (0, 0, 0, 0);
        var device = await SecondProcess.ReadyAsync("device", folder, line.Endpoint.ToString(), $"{round}");
        var hearing = HearAsync(device, stored);
        for (var disturbance = 0; disturbance < Disturbances; disturbance++)
        {
            await device.Input.WriteLineAsync($"{Records / Disturbances}");
            await device.Input.FlushAsync(cancel);
            var (wanted, flows) = (random.Next(1, Records / Disturbances), random.Next(2) == 0);
            var (storedBefore, arrivedBefore) = (stored.Count, arrived);
            await Until(() => stored.Count >= storedBefore + wanted && (!flows || arrived >= arrivedBefore + wanted));
            switch (disturbance < 3 ? disturbance : random.Next(3))
            {
                case 0:
                    killed++;
                    await broker.KillAsync();
                    await broker.StartAgainAsync();
                    break;
                case 1:
                    cut++;
                    line.IsDown = random.Next(2) == 0;
                    line.Cut();
                    line.IsDown = false;
                    break;
                default:
                    died++;
                    await device.KillAsync();
                    await hearing;
                    device.Dispose();
                    device = await SecondProcess.ReadyAsync("device", folder, line.Endpoint.ToString(), $"{++round}");
                    hearing = HearAsync(device, stored);
                    break;
            }
        }

        await device.Input.WriteLineAsync($"{Math.Max(0, Records - stored.Count)}");
        device.Input.Close(); // it ends when all that waits is confirmed
        await hearing.WaitAsync(Hang, cancel);
        Assert.StartsWith("0: ", await device.EndedAsync(), StringComparison.Ordinal);
        device.Dispose();
        await Until(() => arrived >= stored.Count);
        foreach (var (topic, records) in received)
        {
            Assert.Equal(records.Distinct().Order(), records); // once, and in order
            foreach (var (inRound, number) in records) stored.TryRemove((topic, inRound, number), out _);
        }

        Assert.Empty(stored);
        TestContext.Current.TestOutputHelper?.WriteLine($"{arrived} records; the broker was killed {killed} times, the line cut {cut} times, the device killed {died} times.");
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Notes what a device says is stored, until it ends.</summary>
    private static async Task HearAsync(SecondProcess device, ConcurrentDictionary<(string, int, int), bool> stored)
    {
        while (await device.ReadLineAsync() is { } line)
        {
            // The last line may be cut by the kill.
            if (line.Split(' ') is [var topic, var round, var number, "stored"]) stored[(topic, int.Parse(round), int.Parse(number))] = true;
        }
    }

    private static async Task Until(Func<bool> condition)
    {
        using var hang = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        hang.CancelAfter(Hang);
        while (!condition()) await Task.Delay(5, hang.Token);
    }
}
