using System.Collections.Concurrent;
using System.CommandLine;
using System.Text.Json;
using Hybrid.Configuration;
using Hybrid.Edge.Fleet;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Outbox;

namespace Hybrid.Cli.Fleet;

/// <summary><c>hybrid fleet status</c>: what the broker keeps of each device's words.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var (config, broker, fleet) = (FleetSettings.ConfigOption(), FleetSettings.BrokerOption(), FleetSettings.FleetOption());
        var json = new Option<bool>("--json") { Description = "One JSON object on standard output; text for people goes to standard error." };
        var wait = new Option<string>("--wait") { Description = "How long the broker may be silent before that is all.", DefaultValueFactory = _ => "1s" };
        var command = new Command("status", "Who is there, what they run, what they spent; exit code 1 where a device refuses what it should be.") { config, broker, fleet, wait, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = FleetSettings.Load(parsed.GetValue(config), parsed.GetValue(broker), parsed.GetValue(fleet));
            var report = await ReadAsync(settings, Duration.Parse("--wait", parsed.GetRequiredValue(wait)), cancellationToken);
            var asJson = parsed.GetValue(json);
            await (asJson ? Console.Error : Console.Out).WriteAsync(report.ToText());
            if (asJson) await Console.Out.WriteLineAsync(report.ToJson());
            return report.AllFollow ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static async Task<FleetReport> ReadAsync(FleetSettings settings, TimeSpan silence, CancellationToken cancellationToken)
    {
        var (online, reported, heard) = (new ConcurrentDictionary<string, bool>(StringComparer.Ordinal), new ConcurrentDictionary<string, ReportedState>(StringComparer.Ordinal), new Signal());
        await using var client = await settings.ConnectAsync(cancellationToken);
        var last = TimeProvider.System.GetTimestamp();
        await ListenAsync(settings.Topics("+").Presence, (device, bytes) => online[device] = JsonSerializer.Deserialize(bytes, FleetJson.Default.DevicePresence)?.Online ?? false);
        await ListenAsync(settings.Topics("+").Reported, (device, bytes) => { if (JsonSerializer.Deserialize(bytes, FleetJson.Default.ReportedState) is { } state) reported[device] = state; });
        while (silence - TimeProvider.System.GetElapsedTime(Volatile.Read(ref last)) is { Ticks: > 0 } left)
        {
            await heard.WaitAsync(left, TimeProvider.System, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
        }

        return new(settings.Options.Fleet, [.. online.Keys.Union(reported.Keys).Order(StringComparer.Ordinal).Select(device => new FoundDevice(device, online.GetValueOrDefault(device), reported.GetValueOrDefault(device)))]);

        async Task ListenAsync(string filter, Action<string, byte[]> take) => await client.SubscribeAsync(new MqttSubscription(filter), (message, _) =>
        {
            Volatile.Write(ref last, TimeProvider.System.GetTimestamp());
            if (!message.Payload.IsEmpty && FleetTopics.DeviceOf(message.Topic) is { } device && FleetReader.IsName(device))
            {
                try
                {
                    take(device, message.Payload.ToArray());
                }
                catch (JsonException)
                {
                    Console.Error.WriteLine($"What {device} said on {FleetSettings.Plain(message.Topic)} cannot be read, and is left out.");
                }
            }

            heard.Set();
            return ValueTask.CompletedTask;
        }, cancellationToken);
    }
}
