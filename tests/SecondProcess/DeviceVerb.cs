using System.Globalization;
using System.Text;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Outbox;

namespace Hybrid.SecondProcess;

/// <summary>A device that stores as many records as its input says, sends what waits, and says which records are stored.</summary>
internal static class DeviceVerb
{
    private const int Topics = 4;

    public static async Task<int> RunAsync(string folder, string broker, string round)
    {
        await using var client = new MqttClient(new()
        {
            Broker = new(broker),
            ClientId = "device",
            KeepAlive = TimeSpan.FromSeconds(1), // a line that was cut may look whole from here
            PingTimeout = TimeSpan.FromSeconds(1),
            ReconnectDelay = TimeSpan.FromMilliseconds(50),
            MaximumReconnectDelay = TimeSpan.FromMilliseconds(200),
        });
        await using var outbox = DeviceOutbox.Open(new() { Path = folder, Source = "device", ConfirmTopic = "device/confirm", ConfirmWithin = TimeSpan.FromSeconds(5) });
        using var ends = new CancellationTokenSource();
        var connecting = client.StartAsync(ends.Token);
        var sending = outbox.SendAsync(client, ends.Token);
        Console.WriteLine("ready");
        var next = 0;
        while (Console.ReadLine() is { } line)
        {
            var (from, to) = (next, next += int.Parse(line, CultureInfo.InvariantCulture));
            await Task.WhenAll(Enumerable.Range(0, Topics).Select(topic => Task.Run(() => WriteAsync(topic, from, to))));
        }

        while (outbox.Counters.Waiting > 0) await Task.Delay(10);
        await ends.CancelAsync();
        await sending;
        await connecting;
        return 0;

        async Task WriteAsync(int topic, int from, int to)
        {
            for (var number = from + topic; number < to; number += Topics)
            {
                await outbox.AppendAsync(new() { Topic = $"t/{topic}", Payload = Encoding.UTF8.GetBytes($"{round} {number}") });
                Console.WriteLine($"t/{topic} {round} {number} stored");
            }
        }
    }
}
