using System.CommandLine;
using Hybrid.Configuration;
using Hybrid.Edge.Fleet;
using Hybrid.Edge.Mqtt;
using Microsoft.Extensions.Configuration;

namespace Hybrid.Cli.Fleet;

/// <summary>What the verbs of <c>hybrid fleet</c> share: the fleet, its broker, and a client of it.</summary>
internal sealed record FleetSettings(FleetOptions Options, IConfiguration Configuration)
{
    private static readonly TimeSpan LongestConnect = TimeSpan.FromSeconds(20);

    public static Option<string?> ConfigOption() => new("--config") { Description = "A JSON file with a section \"Hybrid:Fleet\"; default: hybrid.json in the working folder, if there is one." };

    public static Option<string?> BrokerOption() => new("--broker") { Description = "The broker's address in the place of Hybrid:Fleet:Broker, such as mqtts://broker.site:8883." };

    public static Option<string?> FleetOption() => new("--fleet") { Description = "The fleet in the place of Hybrid:Fleet:Fleet." };

    public static FleetSettings Load(string? config, string? broker, string? fleet)
    {
        List<KeyValuePair<string, string?>> given = [];
        if (broker is not null) given.Add(new("Hybrid:Fleet:Broker", broker));
        if (fleet is not null) given.Add(new("Hybrid:Fleet:Fleet", fleet));
        var configuration = CliConfiguration.Load(config, given);
        List<string> errors = [];
        var options = FleetReader.Read(new(configuration.GetSection($"{HybridOptions.Section}:{nameof(HybridOptions.Fleet)}"), errors));
        FigureRules.ThrowIfAny(errors);
        return new(options, configuration);
    }

    public FleetTopics Topics(string device) => new(Options.Fleet, device);

    /// <summary>A client that is connected.</summary>
    public async Task<MqttClient> ConnectAsync(CancellationToken cancellationToken)
    {
        var client = new MqttClient(FleetClient.OfOperator(Options));
        using var late = new CancellationTokenSource(LongestConnect);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            await client.StartAsync(both.Token);
            return client;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var why = client.Connection.Why;
            await client.DisposeAsync();
            throw new HybridException(HybridError.Bus, $"The broker at {Options.Broker} was not reached within {LongestConnect.TotalSeconds:0} s: {why}. Nothing was sent. See that it runs, and that Hybrid:Fleet:Broker is its address.");
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    /// <summary>What others wrote, fit for a terminal: on one line, without control characters.</summary>
    public static string Plain(string? text) => text is null ? "" : string.Concat(text.Select(letter => char.IsControl(letter) ? ' ' : letter));
}
