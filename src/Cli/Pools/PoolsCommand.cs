using System.CommandLine;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Cli.Pools;

/// <summary><c>hybrid pools</c>: how the configured pools are, and what they can do.</summary>
internal static class PoolsCommand
{
    public static Command Create()
    {
        var config = new Option<string?>("--config") { Description = "A JSON file with a \"Hybrid\" section." };
        var json = new Option<bool>("--json") { Description = "One JSON object on standard output; text for people goes to standard error." };
        var name = new Argument<string>("POOL") { Description = "A pool, or POOL/REPLICA." };

        var list = new Command("list", "Ask every replica of every pool how it is.") { config, json };
        list.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetValue(config), null, parsed.GetValue(json), PoolReport.ListAsync, cancellationToken));
        var warm = new Command("warm", "Wake a pool's replicas and wait until they are warm.") { name, config, json };
        warm.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetValue(config), parsed.GetRequiredValue(name), parsed.GetValue(json), PoolReport.WarmAsync, cancellationToken));
        var probe = new Command("probe", "Say, feature by feature, what a pool can do. Sends a dozen short questions of its own; what they cost is the pool's price.") { name, config, json };
        probe.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetValue(config), parsed.GetRequiredValue(name), parsed.GetValue(json), PoolReport.ProbeAsync, cancellationToken));

        return new Command("pools", "Show the configured pools, wake them, find out what they can do.") { list, warm, probe };
    }

    private static async Task<int> RunAsync(
        string? config, string? name, bool asJson, Func<IReadOnlyList<PoolPlace>, CancellationToken, Task<PoolReport>> make, CancellationToken cancellationToken)
    {
        await using var host = HybridHost.Start(CliConfiguration.Load(config, []));
        var report = await make(PoolPlace.All(host.Client.GetService<IReadOnlyList<ITarget>>()!, name), cancellationToken);
        await (asJson ? Console.Error : Console.Out).WriteAsync(report.ToText());
        if (asJson) await Console.Out.WriteLineAsync(report.ToJson());
        return report.Healthy ? ExitCode.Done : ExitCode.Failed;
    }
}
