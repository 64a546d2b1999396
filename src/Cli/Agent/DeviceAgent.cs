using System.Text.Json.Nodes;
using Hybrid.Accounting;
using Hybrid.Cli.Serve;
using Hybrid.Configuration;
using Hybrid.Edge.Fleet;
using Hybrid.Edge.Inference;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Outbox;
using Hybrid.Edge.Waiting;
using Hybrid.Models.Peers;
using Hybrid.Targets;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Hybrid.Cli.Agent;

/// <summary>Everything that one device runs, as one process: the runtime, the server for apps, what waits, and the side of its fleet.</summary>
internal sealed class DeviceAgent : IAsyncDisposable
{
    private readonly AgentConfiguration _configuration;
    private readonly TimeProvider _time;
    private readonly HybridHost _host;
    private readonly HybridOptions _options;
    private readonly ILogger _logger;
    private readonly Stack<IAsyncDisposable> _parts = new();
    private WaitingRequests? _waiting;
    private LocalServer? _server;
    private InferenceGateway? _gateway;
    private FleetDevice? _fleet;

    private DeviceAgent(AgentConfiguration configuration, HybridHost host, TimeProvider time)
    {
        (_configuration, _host, _time, _options) = (configuration, host, time, host.Options);
        _logger = host.Logging.CreateLogger(AgentLog.Category);
        _parts.Push(host);
    }

    /// <summary>Where apps are answered.</summary>
    public Uri Address => _server!.Address;

    /// <summary>What is configured, and what became of the last reload.</summary>
    public AgentConfiguration Configuration => _configuration;

    /// <summary>Starts all parts that are configured; none waits for a network.</summary>
    /// <exception cref="HybridException">One cannot start; those that had are stopped.</exception>
    public static async Task<DeviceAgent> StartAsync(AgentConfiguration configuration, TimeProvider time, CancellationToken cancellationToken = default)
    {
        FleetDevice? fleet = null;

        var host = HybridHost.Start(configuration.Whole, services =>
        {
            services.AddLogging(logging => logging.AddFilter(AgentLog.Category, LogLevel.Information));
            services.AddSingleton(new ReceiptListener(receipt => Volatile.Read(ref fleet)?.Record(receipt)));
            if (configuration.Fleet?.Options is not { } member) return;
            services.AddSingleton(provider => new MqttClient(FleetClient.OfDevice(member), provider.GetService<ILogger<MqttClient>>()));
            services.AddSingleton<ITargetFactory>(provider => new BusTargetFactory(provider.GetRequiredService<MqttClient>, member.Fleet, member.Device, time));
        });
        var agent = new DeviceAgent(configuration, host, time);
        try
        {
            await agent.StartPartsAsync(device => Volatile.Write(ref fleet, device), cancellationToken);
            return agent;
        }
        catch
        {
            await agent.DisposeAsync();
            throw;
        }
    }

    /// <summary>Reads the configuration again, as far as it can change while the process runs.</summary>
    public void Reload()
    {
        if (!_configuration.TryReload()) AgentLog.NotReloaded(_logger, _configuration.Problem!);
        else AgentLog.Reloaded(_logger, _configuration.RestartRequired is { Count: > 0 } later ? $"From the next start: {string.Join(", ", later)}." : "All of it is in force.");
    }

    /// <summary>Refuses what is new and lets what runs end within the grace; the token ends the grace.</summary>
    public async Task DrainAsync(CancellationToken now)
    {
        var grace = _options.Serve.Grace;
        AgentLog.Stopping(_logger, grace);
        using var over = new CancellationTokenSource(grace, _time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(over.Token, now);
        await Task.WhenAll(_server!.DrainAsync(now), _gateway?.DrainAsync(end.Token) ?? Task.CompletedTask, _waiting?.DrainAsync(end.Token) ?? Task.CompletedTask);
    }

    /// <summary>Ends all parts, those first that need others.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_parts.TryPop(out var part)) await part.DisposeAsync();
    }

    private async Task StartPartsAsync(Action<FleetDevice> made, CancellationToken cancellationToken)
    {
        var client = _host.Client;
        List<string> parts = [];
        if (_options.Waiting is { } waiting)
        {
            _waiting = Keep(WaitingRequests.Open(client, waiting, _time, _host.Logging.CreateLogger("Hybrid.Edge.Waiting")));
            parts.Add("requests may wait");
        }

        if (_options.Models?.Peers is { Listen: { } address } peers)
        {
            Keep(PeerServer.Start(_options.Models.OpenStore(_time), new() { Address = address, Key = peers.Key, Logger = _host.Logging.CreateLogger("Hybrid.Models.Peers"), TimeProvider = _time }));
            parts.Add($"models are offered at {address}");
        }

        if (_configuration.Fleet is { } fleet)
        {
            await JoinAsync(fleet, client, made, cancellationToken);
            parts.Add($"device '{fleet.Options.Device}' of fleet '{fleet.Options.Fleet}'{(_gateway is null ? "" : ", a gateway for others")}");
        }
        else if (_options.Inference is not null)
        {
            throw new HybridException(HybridError.Configuration, "Hybrid:Inference: requests come over the fleet's broker, and there is no section Hybrid:Fleet. Nothing was started. Add it, or leave this out.");
        }

        _server = Keep(await LocalServer.StartAsync(client, _options.Serve, _waiting, _time, _host.Logging, cancellationToken));
        AgentLog.Started(_logger, Address, parts.Count > 0 ? string.Join("; ", parts) : "it is in no fleet");
    }

    private async Task JoinAsync(FleetConfiguration fleet, HybridChatClient client, Action<FleetDevice> made, CancellationToken cancellationToken)
    {
        var options = fleet.Options;
        var bus = _host.Services.GetRequiredService<MqttClient>();
        var outbox = Keep(DeviceOutbox.Open(
            new()
            {
                Path = options.Outbox.Path ?? Path.Combine(options.StatePath, "outbox"),
                Source = options.Device,
                MaxBytes = options.Outbox.MaxBytes,
                MaxAge = options.Outbox.MaxAge,
                ConfirmTopic = options.Outbox.Confirmed ? new FleetTopics(options.Fleet, options.Device).Confirm : null,
            },
            _time, _host.Logging.CreateLogger("Hybrid.Edge.Outbox")));
        // Before the client is started, so that what a kept session brings finds its taker; and ended after it, so that the session keeps it.
        if (_options.Inference is { } inference)
        {
            _gateway = Keep(await InferenceGateway.StartAsync(client, bus, new()
            {
                Fleet = options.Fleet,
                Device = options.Device,
                Path = inference.Path,
                MaxRunning = inference.MaxRunning,
                MaxQueued = inference.MaxQueued,
                RememberFor = inference.RememberFor,
                TimeProvider = _time,
                Logger = _host.Logging.CreateLogger("Hybrid.Edge.Inference"),
            }, cancellationToken));
        }

        var models = _options.Models ?? new();
        _fleet = Keep(new FleetDevice(fleet, bus, outbox, new()
        {
            Health = FleetHealth.OfPolicies(_host.Services),
            Check = FleetHealth.OfTargets(_host.Services, _configuration.Device),
            Models = new(models.OpenStore(_time), () => models.Pulling(_time), _time, _host.Logging.CreateLogger("Hybrid.Edge.Fleet")),
            Facts = Facts,
        }, _time, _host.Logging.CreateLogger("Hybrid.Edge.Fleet")));
        made(_fleet);
        await _fleet.StartAsync(cancellationToken);
    }

    /// <summary>What the report says of this process besides the fleet's own.</summary>
    private JsonObject Facts()
    {
        var targets = new JsonObject();
        foreach (var target in _host.Client.GetService<IReadOnlyList<ITarget>>()!)
            targets[target.Descriptor.Name] = TargetHealth.Of(target, _host.Client.IsOffline).Readiness;
        var (device, roundTrips, bandwidths) = (_host.Client.Facts, new JsonObject(), new JsonObject());
        foreach (var (target, took) in _host.Client.RoundTrips) roundTrips[target] = Math.Round(took.TotalSeconds, 4);
        foreach (var (target, rate) in _host.Client.Bandwidths) bandwidths[target] = Math.Round(rate);
        return new()
        {
            ["batteryLeft"] = device.BatteryLeft,
            ["celsius"] = device.Celsius,
            ["throttled"] = device.IsThrottled,
            ["memoryShort"] = device.IsMemoryShort,
            ["availableBytes"] = device.AvailableBytes,
            ["link"] = device.Link,
            ["metered"] = device.IsMetered,
            ["roundTripSeconds"] = roundTrips,
            ["bytesPerSecond"] = bandwidths,
            ["offline"] = _host.Client.IsOffline,
            ["targets"] = targets,
            ["waiting"] = _waiting?.Count ?? 0,
            ["gatewayRunning"] = _gateway?.Running ?? 0,
            ["gatewayQueued"] = _gateway?.Queued ?? 0,
            ["configurationProblem"] = _configuration.Problem,
            ["configurationRestartRequired"] = new JsonArray([.. _configuration.RestartRequired.Select(section => (JsonNode)section)]),
        };
    }

    private T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Push(part);
        return part;
    }
}
