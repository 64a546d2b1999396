using System.CommandLine;
using Hybrid.CloudConnector.Pools.Board;
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
        warm.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetValue(config), parsed.GetRequiredValue(name), parsed.GetValue(json), (places, _, ending) => PoolReport.WarmAsync(places, ending), cancellationToken));
        var probe = new Command("probe", "Say, feature by feature, what a pool can do. Sends a dozen short questions of its own; what they cost is the pool's price.") { name, config, json };
        probe.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetValue(config), parsed.GetRequiredValue(name), parsed.GetValue(json), (places, _, ending) => PoolReport.ProbeAsync(places, ending), cancellationToken));
        var undo = new Option<bool>("--undo") { Description = "Take it in again." };
        var wait = new Option<string>("--wait") { Description = "How long running requests are waited for, such as 30s.", DefaultValueFactory = _ => "60s" };
        var drain = new Command("drain", "Give a pool or a replica no new request from any process of this machine, and wait until those it has have ended. Needs Hybrid:PoolBoardPath.") { name, undo, wait, config };
        drain.SetAction((parsed, cancellationToken) => DrainAsync(parsed.GetValue(config), parsed.GetRequiredValue(name), parsed.GetValue(undo), Duration.Parse("--wait", parsed.GetRequiredValue(wait)), cancellationToken));

        return new Command("pools", "Show the configured pools, wake them, drain them, find out what they can do.") { list, warm, drain, probe };
    }

    private static async Task<int> RunAsync(
        string? config, string? name, bool asJson, Func<IReadOnlyList<PoolPlace>, PoolBoard?, CancellationToken, Task<PoolReport>> make, CancellationToken cancellationToken)
    {
        await using var host = HybridHost.Start(CliConfiguration.Load(config, []));
        var report = await make(PoolPlace.All(host.Client.GetService<IReadOnlyList<ITarget>>()!, name), Board(host), cancellationToken);
        await (asJson ? Console.Error : Console.Out).WriteAsync(report.ToText(TimeProvider.System.GetUtcNow()));
        if (asJson) await Console.Out.WriteLineAsync(report.ToJson());
        return report.Healthy ? ExitCode.Done : ExitCode.Failed;
    }

    private static async Task<int> DrainAsync(string? config, string name, bool undo, TimeSpan longest, CancellationToken cancellationToken)
    {
        await using var host = HybridHost.Start(CliConfiguration.Load(config, []));
        var places = PoolPlace.All(host.Client.GetService<IReadOnlyList<ITarget>>()!, name);
        var board = Board(host) ?? throw new HybridException(HybridError.Configuration, "Hybrid:PoolBoardPath is not set, so no process would hear of it. Nothing was changed. Give the apps and this command the same folder there.");
        if (undo)
        {
            board.Drain(name, undo: true);
            await Console.Out.WriteLineAsync($"{name} gets requests again, within a second of the next one.");
            return ExitCode.Done;
        }

        var running = await new PoolDrain(board, TimeProvider.System).RunAsync(name, places, longest, cancellationToken);
        await Console.Out.WriteLineAsync(running == 0
            ? $"{name} is drained: no request runs there. 'hybrid pools drain {name} --undo' takes it in again."
            : $"{name} gets no new request; {running} still run there after {longest.TotalSeconds:0} s. Run it again to wait on.");
        return running == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static PoolBoard? Board(HybridHost host) => host.Options.PoolBoardPath is { } path ? new(path) : null;
}
