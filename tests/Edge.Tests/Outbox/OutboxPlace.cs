using System.Text;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Outbox;
using Hybrid.Edge.Tests.Mqtt;
using Hybrid.Tests;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Edge.Tests.Outbox;

/// <summary>An outbox over a folder in memory, and a bus that it sends to.</summary>
internal sealed class OutboxPlace : IAsyncDisposable
{
    /// <summary>Long enough for a loaded machine; reached only when something hangs.</summary>
    public static readonly TimeSpan Hang = TimeSpan.FromMinutes(3);
    private readonly CancellationTokenSource _ends = new();
    private Task _sending = Task.CompletedTask;

    public OutboxPlace(OutboxOptions? options = null, RecordingDisk? disk = null)
    {
        Options = options ?? new OutboxOptions { Path = "memory", Source = "d", MaxBytes = 64 << 10 };
        Disk = disk ?? new();
        Client = Bus.Connect();
        Outbox = new(Disk, Options, Time, NullLogger.Instance, draw: () => 0.5);
    }

    public OutboxOptions Options { get; }

    public RecordingDisk Disk { get; }

    public ManualTimeProvider Time { get; } = new();

    public MemoryBus Bus { get; } = new();

    public MemoryBus.Client Client { get; }

    public DeviceOutbox Outbox { get; }

    /// <summary>What the bus took, as texts.</summary>
    public string[] Taken => [.. Bus.TakenNow.Select(message => Encoding.UTF8.GetString(message.Payload.Span))];

    public static OutboxMessage Message(string topic, string text, OutboxClass one = OutboxClass.Normal, TimeSpan? expiry = null) =>
        new() { Topic = topic, Payload = Encoding.UTF8.GetBytes(text), Class = one, Expiry = expiry };

    public Task AppendAsync(string topic, string text, OutboxClass one = OutboxClass.Normal, TimeSpan? expiry = null) =>
        Outbox.AppendAsync(Message(topic, text, one, expiry), TestContext.Current.CancellationToken);

    /// <summary>Connects, and sends until the test ends.</summary>
    public async Task SendAsync(IMqttClient? through = null)
    {
        await Client.RestoreAsync();
        _sending = Outbox.SendAsync(through ?? Client, _ends.Token);
    }

    /// <summary>Waits until something holds; the limit is only for a hang.</summary>
    public static async Task Until(Func<bool> condition)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Hang, "It never came.");
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Ends sending; the outbox stays open.</summary>
    public async Task StopAsync()
    {
        await _ends.CancelAsync();
        await _sending;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Outbox.DisposeAsync();
        _ends.Dispose();
    }
}
