using System.CommandLine;
using Microsoft.Extensions.AI;

namespace Hybrid.Cli.Run;

/// <summary><c>hybrid run</c>: asks once and streams the answer.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var options = new RequestOptions();
        var command = new Command("run", "Ask once; the answer streams to standard output.");
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(options, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(RequestOptions options, ParseResult parsed, CancellationToken cancellationToken)
    {
        var messages = await options.ReadMessagesAsync(parsed, cancellationToken);
        var chatOptions = options.ReadOptions(parsed);
        await using var host = HybridHost.Start(CliConfiguration.Load(options.ConfigurationFile(parsed), options.Settings(parsed)));
        var json = options.Json(parsed);
        var answer = new RunAnswer();
        await foreach (var update in host.Client.GetStreamingResponseAsync(messages, chatOptions, cancellationToken))
        {
            answer.Add(update);
            await (json ? Console.Error : Console.Out).WriteAsync(update.Text.AsMemory(), cancellationToken);
        }

        await Console.Error.WriteLineAsync();
        if (answer.Decision is { } decision)
            await Console.Error.WriteLineAsync(decision.ExplainLine());
        if (json)
            await Console.Out.WriteLineAsync(answer.ToJson());
        return ExitCode.Done;
    }
}
