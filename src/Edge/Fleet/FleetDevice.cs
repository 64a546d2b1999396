using System.Text.Json;
using System.Text.Json.Nodes;
using Hybrid.Accounting;
using Hybrid.Configuration;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Outbox;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Edge.Fleet;

/// <summary>This device's part in its fleet: follows what is desired, reports what is, and does what it is told, each by its topic.</summary>
/// <remarks>Works without a network from the first moment: what is remembered is in force, and what is to be said waits. Whoever made client and outbox disposes them, after it.</remarks>
public sealed class FleetDevice : IAsyncDisposable
{
    private static readonly TimeSpan FlushEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BetweenReports = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StartAgain = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestGoodbye = TimeSpan.FromSeconds(5);
    private readonly FleetOptions _options;
    private readonly FleetConfiguration _configuration;
    private readonly IMqttClient _client;
    private readonly DeviceOutbox _outbox;
    private readonly FleetDeviceParts _parts;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly FleetTopics _topics;
    private readonly FleetTelemetry _telemetry;
    private readonly DesiredApplier _applier;
    private readonly FleetCommands _commands;
    private readonly Signal _report = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<IAsyncDisposable> _subscriptions = [];
    private readonly List<Task> _running = [];
    private readonly long _started;
    private bool _sayPresence = true;
    private int _stopped;

    /// <summary>Puts the parts together; nothing is done until it is started.</summary>
    /// <param name="configuration">The layer that it keeps up to date, with the fleet's options.</param>
    /// <param name="client">Made of <see cref="FleetClient.OfDevice"/>; this starts and stops it.</param>
    /// <param name="outbox">Where telemetry and answers wait; this sends it.</param>
    /// <param name="parts">What the rest of the app gives.</param>
    /// <param name="time">The clock; null: the system's.</param>
    /// <param name="logger">Where faults are told; null: nowhere.</param>
    /// <exception cref="HybridException">What it should remember cannot be read.</exception>
    public FleetDevice(FleetConfiguration configuration, IMqttClient client, DeviceOutbox outbox, FleetDeviceParts? parts = null, TimeProvider? time = null, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        (_configuration, _options, _client, _outbox) = (configuration, configuration.Options, client, outbox);
        (_parts, _time, _logger) = (parts ?? new(), time ?? TimeProvider.System, logger ?? NullLogger.Instance);
        _topics = new(_options.Fleet, _options.Device);
        _telemetry = new(outbox, _topics, _time, _logger);
        _applier = new(configuration, _parts, _time, _logger) { Changed = Changed };
        var commands = _parts.Commands.Concat(_parts.Models?.Commands ?? []).Append(new ReportNow(this)).ToDictionary(command => command.Name, StringComparer.Ordinal);
        _commands = new(_options, configuration.Keys, new(Path.Combine(_options.StatePath, "commands.json"), _parts.Disk, _logger), commands, outbox, _topics, _time, _logger);
        _started = _time.GetTimestamp();
    }

    /// <summary>What the device says of itself now.</summary>
    public ReportedState Reported
    {
        get
        {
            var (fleet, device) = _applier.Reported;
            return new()
            {
                Fleet = _options.Fleet,
                Device = _options.Device,
                At = _time.GetUtcNow(),
                Agent = _parts.Version,
                UptimeSeconds = Math.Round(_time.GetElapsedTime(_started).TotalSeconds, 1),
                FleetDesired = fleet,
                DeviceDesired = device,
                RestartRequired = _applier.RestartRequired,
                Models = _parts.Models?.Reported ?? [],
                Facts = _parts.Facts?.Invoke(),
                Outbox = _outbox.Counters,
                Spend = _telemetry.Spend,
            };
        }
    }

    /// <summary>Takes a receipt for telemetry and the sums of the report; made for <see cref="HybridChatClientOptions.OnReceipt"/>, does not block.</summary>
    public void Record(RequestReceipt receipt)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        _telemetry.Record(receipt);
    }

    /// <summary>Proves what is remembered, and begins; does not wait for the broker.</summary>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await _applier.ProveAsync(cancellationToken);
        if (_parts.Models is { } models)
        {
            models.Changed = _report.Set;
            models.Want(_configuration.State.Models);
            Run(models.RunAsync);
        }

        _client.ConnectionChanged += ConnectionChanged;
        await ListenAsync(_topics.FleetDesired, message => _applier.OfferAsync(false, message.Payload, _stopping.Token), cancellationToken);
        await ListenAsync(_topics.DeviceDesired, message => _applier.OfferAsync(true, message.Payload, _stopping.Token), cancellationToken);
        await ListenAsync(_topics.Command, message => _commands.TakeAsync(message.Payload, _stopping.Token), cancellationToken);
        await _commands.AnswerInterruptedAsync();
        Run(_commands.RunAsync);
        Run(ConnectAsync);
        Run(ReportAsync);
        Run(FlushAsync);
        Run(stopping => _outbox.SendAsync(_client, stopping));
    }

    /// <summary>Says that it goes, if the broker is there, and ends; what waits stays in the outbox.</summary>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _stopped, 1) != 0) return;
        await _telemetry.FlushAsync();
        _client.ConnectionChanged -= ConnectionChanged;
        await _stopping.CancelAsync();
        await Task.WhenAll(_running);
        foreach (var subscription in _subscriptions) await subscription.DisposeAsync();
        if (_client.Connection.IsConnected)
        {
            using var late = new CancellationTokenSource(LongestGoodbye, _time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
            try
            {
                await _client.PublishAsync(FleetClient.Presence(_topics, new(DesiredDocument.Schema, false, _time.GetUtcNow(), _parts.Version)), both.Token);
            }
            catch (Exception exception) when (exception is HybridException or OperationCanceledException)
            {
                FleetLog.NotReported(_logger, exception.Message);
            }
        }

        await _client.StopAsync(cancellationToken);
    }

    /// <summary>Stops it, if it was not.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _applier.Dispose();
        _commands.Dispose();
        _stopping.Dispose();
    }

    private void Changed()
    {
        _parts.Models?.Want(_configuration.State.Models);
        _report.Set();
    }

    private void ConnectionChanged(object? sender, EventArgs arguments)
    {
        if (!_client.Connection.IsConnected) Volatile.Write(ref _sayPresence, true);
        _report.Set();
    }

    private async Task ListenAsync(string topic, Func<MqttMessage, Task> take, CancellationToken cancellationToken) =>
        _subscriptions.Add(await _client.SubscribeAsync(new(topic), async (message, _) =>
        {
            // An empty one is a retained message that is taken back; it is not signed, so nothing follows from it.
            if (!message.Payload.IsEmpty) await take(message);
        }, cancellationToken));

    private void Run(Func<CancellationToken, Task> part) => _running.Add(Task.Run(async () =>
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await part(_stopping.Token);
                return;
            }
            catch (Exception exception)
            {
                if (_stopping.IsCancellationRequested) return;
                FleetLog.PartFailed(_logger, exception.Message);
            }

            await new Signal().WaitAsync(StartAgain, _time, _stopping.Token);
        }
    }));

    private async Task ConnectAsync(CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await _client.StartAsync(stopping);
                return;
            }
            catch (HybridException refusal)
            {
                FleetLog.NotLetIn(_logger, refusal.Message);
            }

            await Task.Delay(StartAgain, _time, stopping);
        }
    }

    private async Task FlushAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            await _telemetry.Full.WaitAsync(FlushEvery, _time, stopping);
            await _telemetry.FlushAsync();
        }
    }

    private async Task ReportAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            if (_client.Connection.IsConnected)
            {
                try
                {
                    await SayAsync(stopping);
                }
                catch (HybridException failure)
                {
                    Volatile.Write(ref _sayPresence, true);
                    FleetLog.NotReported(_logger, failure.Message);
                }

                await Task.Delay(BetweenReports, _time, stopping); // what changes meanwhile is one report
            }

            await _report.WaitAsync(_options.ReportEvery, _time, stopping);
        }
    }

    private async Task SayAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _sayPresence))
        {
            Volatile.Write(ref _sayPresence, false);
            await _client.PublishAsync(FleetClient.Presence(_topics, new(DesiredDocument.Schema, true, _time.GetUtcNow(), _parts.Version)), cancellationToken);
        }

        await _client.PublishAsync(
            new()
            {
                Topic = _topics.Reported,
                Payload = JsonSerializer.SerializeToUtf8Bytes(Reported, FleetJson.Default.ReportedState),
                Qos = MqttQos.AtLeastOnce,
                Retain = true,
                ContentType = "application/json",
            },
            cancellationToken);
    }

    private sealed class ReportNow(FleetDevice device) : IFleetCommand
    {
        public string Name => "report";

        public Task<string> RunAsync(JsonObject arguments, CancellationToken cancellationToken)
        {
            device._report.Set();
            return Task.FromResult("the report is on its way");
        }
    }
}
