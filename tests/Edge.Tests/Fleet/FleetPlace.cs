using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Hybrid.Configuration;
using Hybrid.Edge.Fleet;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Outbox;
using Hybrid.Edge.Tests.Mqtt;
using Hybrid.Edge.Tests.Outbox;
using Hybrid.Storage;
using Hybrid.Tests;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Edge.Tests.Fleet;

/// <summary>A device of fleet <c>shops</c> called <c>till-1</c>, and an operator with the pinned key.</summary>
internal sealed class FleetPlace : IAsyncDisposable
{
    private readonly bool _ownsFolder;
    private readonly DeviceOutbox _outbox;

    public FleetPlace(string? folder = null, FleetDeviceParts? parts = null, IConfiguration? device = null, MemoryBus? bus = null, KeyPair? key = null, IDisk? disk = null)
    {
        _ownsFolder = folder is null;
        Folder = folder ?? Directory.CreateTempSubdirectory("hybrid-fleet").FullName;
        (Bus, Key) = (bus ?? new(), key ?? KeyPair.Create());
        Options = new() { Broker = new("mqtt://memory"), Fleet = "shops", Device = "till-1", StatePath = Path.Combine(Folder, "fleet"), TrustedKeys = new Dictionary<string, string> { ["ops"] = Key.Public } };
        Configuration = FleetConfiguration.Open(Options, device, null, disk ?? Disk.Real);
        Client = Bus.Connect();
        Operator = Bus.Connect();
        _outbox = new(new RecordingDisk(), new() { Path = "memory", Source = "till-1" }, Time, NullLogger.Instance, draw: () => 0.5);
        Device = new(Configuration, Client, _outbox, (parts ?? new()) with { Disk = disk ?? Disk.Real }, Time);
    }

    public string Folder { get; }

    public FleetOptions Options { get; }

    public KeyPair Key { get; }

    public ManualTimeProvider Time { get; } = new();

    public MemoryBus Bus { get; }

    public MemoryBus.Client Client { get; }

    public MemoryBus.Client Operator { get; }

    public FleetConfiguration Configuration { get; }

    public FleetDevice Device { get; }

    /// <summary>The app's configuration, with the fleet's layer.</summary>
    public IConfigurationRoot Settings => field ??= new ConfigurationBuilder().Add(Configuration).Build();

    public static async Task<FleetPlace> StartAsync(string? folder = null, FleetDeviceParts? parts = null, IConfiguration? device = null, MemoryBus? bus = null, KeyPair? key = null)
    {
        var place = new FleetPlace(folder, parts, device, bus, key);
        await place.Operator.StartAsync(TestContext.Current.CancellationToken);
        await place.Device.StartAsync(TestContext.Current.CancellationToken);
        await OutboxPlace.Until(() => place.Client.Connection.IsConnected);
        return place;
    }

    public static string Fleet(long version, string configuration, string models = "{}") =>
        $$"""{ "schema": 1, "version": {{version}}, "fleet": "shops", "created": "2026-01-01T00:00:00Z", "configuration": {{configuration}}, "models": {{models}} }""";

    public static string OfDevice(long version, string configuration, string models = "{}") =>
        $$"""{ "schema": 1, "version": {{version}}, "fleet": "shops", "device": "till-1", "configuration": {{configuration}}, "models": {{models}} }""";

    public byte[] Sign(string document, string type = SignedEnvelope.Desired) => SignedEnvelope.Sign(type, Encoding.UTF8.GetBytes(document), "ops", Key.Private);

    /// <summary>Publishes a signed document; the device has looked at it when this returns.</summary>
    public Task PublishAsync(string document) => PublishAsync(Sign(document), document.Contains("\"device\": ", StringComparison.Ordinal));

    public Task PublishAsync(byte[] envelope, bool forDevice = false, bool retain = true) => Operator.PublishAsync(
        new() { Topic = forDevice ? "hybrid/v1/shops/till-1/desired" : "hybrid/v1/shops/desired", Payload = envelope, Qos = MqttQos.AtLeastOnce, Retain = retain }, TestContext.Current.CancellationToken);

    /// <summary>The last message of a topic, once there is one that a test looks for.</summary>
    public async Task<JsonElement> SaidAsync(string topic, Func<JsonElement, bool> wanted)
    {
        JsonElement found = default;
        await OutboxPlace.Until(() =>
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            foreach (var message in Bus.TakenNow.Where(message => message.Topic == topic))
            {
                found = JsonDocument.Parse(message.Payload).RootElement;
                if (wanted(found)) return true;
            }

            return false;
        });
        return found;
    }

    public async ValueTask DisposeAsync()
    {
        await Device.DisposeAsync();
        await _outbox.DisposeAsync();
        if (_ownsFolder) Directory.Delete(Folder, recursive: true);
    }

    internal sealed record KeyPair(string Public, string Private)
    {
        public static KeyPair Create(ECCurve? curve = null)
        {
            using var pair = ECDsa.Create(curve ?? ECCurve.NamedCurves.nistP256);
            return new(pair.ExportSubjectPublicKeyInfoPem(), pair.ExportPkcs8PrivateKeyPem());
        }
    }
}
