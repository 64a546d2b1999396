using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hybrid.Configuration;
using Hybrid.Edge.Fleet;
using Hybrid.Edge.Mqtt;

namespace Hybrid.Cli.Fleet;

/// <summary><c>hybrid fleet tell</c>: has a device do something once, and waits for what came of it.</summary>
internal static class TellCommand
{
    public static Command Create()
    {
        var (config, broker, fleet) = (FleetSettings.ConfigOption(), FleetSettings.BrokerOption(), FleetSettings.FleetOption());
        var (key, name) = (SigningKey.FileOption(), SigningKey.NameOption());
        var device = new Argument<string>("DEVICE") { Description = "The device." };
        var what = new Argument<string>("COMMAND") { Description = "What it is to do, such as report, pull-model or remove-model." };
        var arguments = new Argument<string[]>("NAME=VALUE") { Description = "The command's arguments.", Arity = ArgumentArity.ZeroOrMore };
        var expires = new Option<string>("--expires") { Description = "After how long it is not done any more, 7 days at most.", DefaultValueFactory = _ => "10m" };
        var wait = new Option<string>("--wait") { Description = "How long the answer is waited for.", DefaultValueFactory = _ => "30s" };
        var command = new Command("tell", "Have a device do something once; exit code 1 where it was not done, or no answer came in time.") { device, what, arguments, key, name, expires, wait, config, broker, fleet };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = FleetSettings.Load(parsed.GetValue(config), parsed.GetValue(broker), parsed.GetValue(fleet));
            var signing = SigningKey.Read(parsed.GetRequiredValue(key), parsed.GetValue(name));
            var (to, id) = (parsed.GetRequiredValue(device), Guid.NewGuid().ToString("N"));
            if (!FleetReader.IsName(to)) throw new HybridException(HybridError.InvalidRequest, $"'{FleetSettings.Plain(to)}' is not a device's name. Nothing was sent.");
            var document = new CommandDocument
            {
                Schema = DesiredDocument.Schema,
                Id = id,
                Fleet = settings.Options.Fleet,
                Device = to,
                Command = parsed.GetRequiredValue(what),
                Arguments = Arguments(parsed.GetValue(arguments) ?? []),
                Expires = TimeProvider.System.GetUtcNow() + Duration.Parse("--expires", parsed.GetRequiredValue(expires)),
            };
            var envelope = SignedEnvelope.Sign(SignedEnvelope.Command, JsonSerializer.SerializeToUtf8Bytes(document, FleetJson.Default.CommandDocument), signing.Name, signing.Pem);
            return await SendAsync(settings, to, id, envelope, Duration.Parse("--wait", parsed.GetRequiredValue(wait)), cancellationToken);
        });
        return command;
    }

    private static async Task<int> SendAsync(FleetSettings settings, string device, string id, byte[] envelope, TimeSpan wait, CancellationToken cancellationToken)
    {
        var answered = new TaskCompletionSource<CommandResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var client = await settings.ConnectAsync(cancellationToken);
        await client.SubscribeAsync(new MqttSubscription(settings.Topics(device).CommandResult), (message, _) =>
        {
            try
            {
                if (JsonSerializer.Deserialize(message.Payload.Span, FleetJson.Default.CommandResult) is { } result && result.Id == id) answered.TrySetResult(result);
            }
            catch (JsonException)
            {
                // Somebody else's.
            }

            return ValueTask.CompletedTask;
        }, cancellationToken);
        await client.PublishAsync(new MqttMessage { Topic = settings.Topics(device).Command, Payload = envelope, Qos = MqttQos.AtLeastOnce, ContentType = "application/json" }, cancellationToken);
        try
        {
            var result = await answered.Task.WaitAsync(wait, cancellationToken);
            await Console.Out.WriteLineAsync($"{device}: {(result.Done ? "done" : "not done")}: {FleetSettings.Plain(result.Outcome)}");
            return result.Done ? ExitCode.Done : ExitCode.Failed;
        }
        catch (TimeoutException)
        {
            await Console.Error.WriteLineAsync($"{device} has not answered within {wait.TotalSeconds:0} s. The command is with the broker and is done when the device comes, if it has not expired by then; 'hybrid fleet watch' shows the answer.");
            return ExitCode.Failed;
        }
    }

    private static JsonObject Arguments(string[] given)
    {
        var arguments = new JsonObject();
        foreach (var one in given)
        {
            var at = one.IndexOf('=', StringComparison.Ordinal);
            if (at < 1) throw new HybridException(HybridError.InvalidRequest, $"'{FleetSettings.Plain(one)}' is not NAME=VALUE. Nothing was sent.");
            arguments[one[..at]] = one[(at + 1)..];
        }

        return arguments;
    }
}
