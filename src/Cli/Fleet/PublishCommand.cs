using System.CommandLine;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hybrid.Configuration;
using Hybrid.Edge.Fleet;
using Hybrid.Edge.Mqtt;

namespace Hybrid.Cli.Fleet;

/// <summary><c>hybrid fleet publish</c>: signs what a fleet or a device should be, and has the broker keep it.</summary>
internal static class PublishCommand
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5); // behind a slow line; what is missed has a good document refused

    public static Command Create()
    {
        var (config, broker, fleet) = (FleetSettings.ConfigOption(), FleetSettings.BrokerOption(), FleetSettings.FleetOption());
        var file = new Argument<string>("FILE") { Description = "A desired state (docs/edge/desired.schema.json); schema, fleet, device, created and version may be left out." };
        var device = new Option<string?>("--device") { Description = "For this device alone, over what the fleet's says." };
        var (key, name) = (SigningKey.FileOption(), SigningKey.NameOption());
        var version = new Option<long?>("--version-number") { Description = "The version, higher than those before; default: the file's, else the seconds since 1970." };
        var dry = new Option<bool>("--dry-run") { Description = "Check and sign it, and write what would be sent to standard output." };
        var command = new Command("publish", "Publish what the devices should be, signed. Checked before as if on a device with the settings of --config.") { file, device, key, name, version, dry, config, broker, fleet };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = FleetSettings.Load(parsed.GetValue(config), parsed.GetValue(broker), parsed.GetValue(fleet));
            var signing = SigningKey.Read(parsed.GetRequiredValue(key), parsed.GetValue(name));
            var document = Fill(await ReadAsync(parsed.GetRequiredValue(file), cancellationToken), settings.Options.Fleet, parsed.GetValue(device), parsed.GetValue(version));
            var payload = Encoding.UTF8.GetBytes(document.ToJsonString());
            var read = Read(payload, settings);
            if (read.Device is null) Check(DesiredState.Of(read, null), settings);
            var envelope = SignedEnvelope.Sign(SignedEnvelope.Desired, payload, signing.Name, signing.Pem);
            if (envelope.Length > SignedEnvelope.MostBytes)
                throw new HybridException(HybridError.InvalidRequest, $"The desired state has {envelope.Length} bytes when it is signed, and may have {SignedEnvelope.MostBytes}. Nothing was sent. Shorten it.");
            var isDry = parsed.GetValue(dry);
            if (isDry) await Console.Out.WriteLineAsync(Encoding.UTF8.GetString(envelope));
            if (isDry && read.Device is null) return ExitCode.Done;

            await using var client = await settings.ConnectAsync(cancellationToken);
            if (read.Device is not null) Check(DesiredState.Of(await KeptAsync(client, settings, cancellationToken), read), settings);
            if (isDry) return ExitCode.Done;
            var topics = settings.Topics(read.Device ?? "+");
            await client.PublishAsync(
                new MqttMessage { Topic = read.Device is null ? topics.FleetDesired : topics.DeviceDesired, Payload = envelope, Qos = MqttQos.AtLeastOnce, Retain = true, ContentType = "application/json" },
                cancellationToken);
            await Console.Out.WriteLineAsync($"Version {read.Version} for {(read.Device is null ? "fleet" : "device")} {read.Device ?? read.Fleet} is with the broker. 'hybrid fleet status' shows who follows.");
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task<JsonObject> ReadAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            var options = SignedEnvelope.Strict with { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
            return JsonNode.Parse(await File.ReadAllBytesAsync(file, cancellationToken), null, options) as JsonObject ?? throw new JsonException("An object is expected.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new HybridException(HybridError.InvalidRequest, $"'{Path.GetFullPath(file)}' cannot be read as a desired state: {failure.Message} Nothing was sent.", failure);
        }
    }

    private static JsonObject Fill(JsonObject document, string fleet, string? device, long? version)
    {
        var now = TimeProvider.System.GetUtcNow();
        document.Remove("$schema");
        document["schema"] ??= DesiredDocument.Schema;
        document["fleet"] ??= fleet;
        if (device is not null) document["device"] = device;
        if (version is not null) document["version"] = version;
        document["version"] ??= now.ToUnixTimeSeconds();
        document["created"] ??= now.ToString("O");
        return document;
    }

    /// <summary>The fleet's document, over which a device's is laid; null: none is kept.</summary>
    private static async Task<DesiredDocument?> KeptAsync(MqttClient client, FleetSettings settings, CancellationToken cancellationToken)
    {
        var came = new TaskCompletionSource<byte[]?>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var subscribed = await client.SubscribeAsync(new MqttSubscription(settings.Topics("+").FleetDesired), (message, _) =>
        {
            came.TrySetResult(SignedEnvelope.Peek(message.Payload.Span));
            return ValueTask.CompletedTask;
        }, cancellationToken);
        await Task.WhenAny(came.Task, Task.Delay(Silence, cancellationToken));
        return came.Task.IsCompletedSuccessfully && came.Task.Result is { } payload ? DesiredDocument.Read(payload, out var _) : null;
    }

    private static DesiredDocument Read(byte[] payload, FleetSettings settings)
    {
        if (DesiredDocument.Read(payload, out var refusal) is not { } document)
            throw new HybridException(HybridError.InvalidRequest, $"The devices would refuse it: {refusal!.Reason}. Nothing was sent.");
        if (document.Fleet != settings.Options.Fleet)
            throw new HybridException(HybridError.InvalidRequest, $"The file is for fleet '{document.Fleet}', and this is '{settings.Options.Fleet}'. Nothing was sent. Choose with --fleet.");
        return document;
    }

    private static void Check(DesiredState state, FleetSettings settings) => FigureRules.ThrowIfAny([.. state.Problems(settings.Configuration)]);
}
