using System.Diagnostics;
using Hybrid.Edge.Mqtt;

namespace Hybrid.Benchmarks.Bus;

/// <summary>Two clients of ours in this process.</summary>
internal sealed class OurClients : IBusClient
{
    private const string Topic = "throughput/ours";
    private readonly MqttClient _publisher;
    private readonly MqttClient _subscriber;
    private readonly byte[] _payload = new byte[BusCommand.Payload];

    private OurClients(Uri broker)
    {
        var options = new MqttClientOptions { Broker = broker, QueueLimit = int.MaxValue, ReceiveMaximum = 1000, SendMaximum = 1000 };
        (_publisher, _subscriber) = (new(options), new(options));
    }

    public string Name => "Hybrid.Edge";

    /// <summary>Bytes allocated per message by both clients together, in the last run.</summary>
    public double Allocated { get; private set; }

    public static async Task<OurClients> StartAsync(Uri broker)
    {
        var clients = new OurClients(broker);
        await clients._publisher.StartAsync();
        await clients._subscriber.StartAsync();
        return clients;
    }

    public async Task<TimeSpan> RunAsync(int qos, int count)
    {
        var left = count;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var subscription = await _subscriber.SubscribeAsync(new(Topic, (MqttQos)qos), (_, _) =>
        {
            if (--left == 0) all.SetResult();
            return ValueTask.CompletedTask;
        });
        var flying = new Task[BusCommand.Window];
        Array.Fill(flying, Task.CompletedTask);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var begun = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            await flying[i % flying.Length];
            flying[i % flying.Length] = _publisher.PublishAsync(new() { Topic = Topic, Payload = _payload, Qos = (MqttQos)qos });
        }

        await Task.WhenAll(flying);
        await all.Task;
        var took = Stopwatch.GetElapsedTime(begun);
        Allocated = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)count;
        return took;
    }

    public async ValueTask DisposeAsync()
    {
        await _publisher.DisposeAsync();
        await _subscriber.DisposeAsync();
    }
}
