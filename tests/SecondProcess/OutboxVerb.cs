using System.Text;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Outbox;

namespace Hybrid.SecondProcess;

/// <summary>A process that stores records until it is killed, and says which of them are stored; with a broker it sends them, too.</summary>
internal static class OutboxVerb
{
    private const int Writers = 4;

    public static async Task<int> RunAsync(string path, int seed, Uri? broker = null)
    {
        await using var outbox = DeviceOutbox.Open(new() { Path = path, Source = "child", MaxBytes = 64 << 20 });
        await using var client = broker is null ? null : new MqttClient(new() { Broker = broker, ClientId = "child", ReconnectDelay = TimeSpan.FromMilliseconds(1), MaximumReconnectDelay = TimeSpan.FromMilliseconds(50) });
        _ = client?.StartAsync();
        _ = client is null ? null : outbox.SendAsync(client, CancellationToken.None);
        Console.WriteLine("ready");
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(outbox, writer, seed))));
        return 0;
    }

    private static async Task WriteAsync(DeviceOutbox outbox, int writer, int seed)
    {
        var random = new Random(seed + writer);
        for (var number = 0; ; number++)
        {
            await outbox.AppendAsync(new() { Topic = $"t/{writer}", Payload = Encoding.UTF8.GetBytes($"{seed} {number} {new string('x', random.Next(400))}") });
            Console.WriteLine($"t/{writer} {seed} {number}");
        }
    }
}
