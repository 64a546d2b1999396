using System.CommandLine;

namespace Hybrid.Cli.Route;

/// <summary><c>hybrid route</c>: says which target would take a prompt, and why; sends nothing.</summary>
internal static class RouteCommand
{
    public static Command Create()
    {
        var options = new RequestOptions();
        var command = new Command("route", "Say which target would take the prompt, and why. Nothing is sent.");
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(options, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(RequestOptions options, ParseResult parsed, CancellationToken cancellationToken)
    {
        var messages = await options.ReadMessagesAsync(parsed, cancellationToken);
        var chatOptions = options.ReadOptions(parsed);
        await using var host = HybridHost.Start(CliConfiguration.Load(options.ConfigurationFile(parsed), options.Settings(parsed)));
        var decision = host.Client.Decide(messages, chatOptions);
        var json = options.Json(parsed);
        await (json ? Console.Error : Console.Out).WriteLineAsync(decision.Explain());
        if (json)
            await Console.Out.WriteLineAsync(decision.ToJson());
        return decision.Chosen is null ? ExitCode.NoTargetAllowed : ExitCode.Done;
    }
}
