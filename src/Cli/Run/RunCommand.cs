using System.CommandLine;

namespace Hybrid.Cli.Run;

/// <summary><c>hybrid run</c>: asks once and streams the answer.</summary>
internal static class RunCommand
{
    public static Command Create() =>
        RequestOptions.CreateCommand("run", "Ask once; the answer streams to standard output.", RunAsync);

    private static async Task<int> RunAsync(HybridChatClient client, CliRequest request, CancellationToken cancellationToken)
    {
        var answer = new RunAnswer();
        var people = request.Json ? Console.Error : Console.Out;
        await foreach (var update in client.GetStreamingResponseAsync(request.Messages, request.Options, cancellationToken))
        {
            answer.Add(update);
            await people.WriteAsync(update.Text.AsMemory(), cancellationToken);
        }

        await people.WriteLineAsync();
        foreach (var line in answer.Summary())
            await Console.Error.WriteLineAsync(line);
        if (request.Json)
            await Console.Out.WriteLineAsync(answer.ToJson());
        return ExitCode.Done;
    }
}
