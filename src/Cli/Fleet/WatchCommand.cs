using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Hybrid.Configuration;
using Hybrid.Edge.Fleet;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Outbox;

namespace Hybrid.Cli.Fleet;

/// <summary><c>hybrid fleet watch</c>: what devices say, as they say it.</summary>
internal static class WatchCommand
{
    public static Command Create()
    {
        var (config, broker, fleet) = (FleetSettings.ConfigOption(), FleetSettings.BrokerOption(), FleetSettings.FleetOption());
        var json = new Option<bool>("--json") { Description = "A JSON object with topic and payload for each message." };
        var command = new Command("watch", "A line for each message of the fleet's devices, until it is interrupted; repeats are left out.") { config, broker, fleet, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = FleetSettings.Load(parsed.GetValue(config), parsed.GetValue(broker), parsed.GetValue(fleet));
            var (asJson, filter) = (parsed.GetValue(json), new RepeatFilter());
            await using var client = await settings.ConnectAsync(cancellationToken);
            await client.SubscribeAsync(new MqttSubscription(settings.Topics("+").Reported[..^"reported".Length] + "#"), async (message, ending) =>
            {
                if (filter.IsNew(message) && Line(message, asJson) is { } line) await Console.Out.WriteLineAsync(line.AsMemory(), ending);
            }, cancellationToken);
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>A message in words; null: it is not a device's.</summary>
    internal static string? Line(MqttMessage message, bool asJson)
    {
        if (FleetTopics.DeviceOf(message.Topic) is not { } device || !FleetReader.IsName(device)) return null;
        var kind = message.Topic[(message.Topic.IndexOf($"/{device}/", StringComparison.Ordinal) + device.Length + 2)..];
        if (kind is "desired" or "command") return null; // the operators' own
        try
        {
            return asJson ? Json(message) : $"{device}  {FleetSettings.Plain(kind)}  {Words(kind, message)}";
        }
        catch (Exception failure) when (failure is JsonException or InvalidDataException)
        {
            return asJson ? null : $"{device}  {FleetSettings.Plain(kind)}  {message.Payload.Length} bytes that cannot be read";
        }
    }

    private static string Words(string kind, MqttMessage message) => kind switch
    {
        "presence" => JsonSerializer.Deserialize(message.Payload.Span, FleetJson.Default.DevicePresence) is { Online: true } here ? $"online, agent {FleetSettings.Plain(here.Agent)}" : "offline",
        "reported" when JsonSerializer.Deserialize(message.Payload.Span, FleetJson.Default.ReportedState) is { } state => Words(state),
        "command/result" when JsonSerializer.Deserialize(message.Payload.Span, FleetJson.Default.CommandResult) is { } result => $"{FleetSettings.Plain(result.Command)} {FleetSettings.Plain(result.Id)} {(result.Done ? "done" : "not done")}: {FleetSettings.Plain(result.Outcome)}",
        "telemetry" => $"{TelemetryLines.Of(message).Length} requests",
        _ => $"{message.Payload.Length} bytes",
    };

    private static string Words(ReportedState state)
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"fleet {state.FleetDesired.Applied?.ToString(CultureInfo.InvariantCulture) ?? "-"}, own {state.DeviceDesired.Applied?.ToString(CultureInfo.InvariantCulture) ?? "-"}, {state.Spend.Requests} requests, ${state.Spend.Dollars:0.####}"));
        foreach (var refused in new[] { state.FleetDesired.Refused, state.DeviceDesired.Refused }.OfType<ReportedRefusal>())
            text.Append(CultureInfo.InvariantCulture, $"; refuses {refused.Version?.ToString(CultureInfo.InvariantCulture) ?? "?"}: {FleetSettings.Plain(refused.Reason)}");
        return text.ToString();
    }

    private static string Json(MqttMessage message)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("topic", message.Topic);
            writer.WritePropertyName("payload");
            if (!message.Topic.EndsWith("/telemetry", StringComparison.Ordinal)) writer.WriteRawValue(message.Payload.Span);
            else
            {
                writer.WriteStartArray();
                foreach (var line in TelemetryLines.Of(message)) writer.WriteRawValue(line);
                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray()).ReplaceLineEndings(" ");
    }
}
