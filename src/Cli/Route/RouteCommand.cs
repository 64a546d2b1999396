using System.CommandLine;

namespace Hybrid.Cli.Route;

/// <summary><c>hybrid route</c>: says which target would take a prompt, and why; sends nothing.</summary>
internal static class RouteCommand
{
    public static Command Create() =>
        RequestOptions.CreateCommand("route", "Say which target would take the prompt, and why. Nothing is sent.", RunAsync);

    private static async Task<int> RunAsync(HybridChatClient client, CliRequest request, CancellationToken cancellationToken)
    {
        var decision = client.Decide(request.Messages, request.Options);
        await (request.Json ? Console.Error : Console.Out).WriteLineAsync(decision.Explain().AsMemory(), cancellationToken);
        if (request.Json)
            await Console.Out.WriteLineAsync(decision.ToJson().AsMemory(), cancellationToken);
        return decision.OutOfBudget ? ExitCode.BudgetExceeded : decision.Chosen is null ? ExitCode.NoTargetAllowed : ExitCode.Done;
    }
}
