using Hybrid.Benchmarks.Engine.Tables;

namespace Hybrid.Benchmarks.Engine;

/// <summary>The command <c>engine TABLE</c>: one run makes one table of docs/performance.md.</summary>
internal static class EngineCommand
{
    private static readonly (string Name, string Shows, Func<EngineOptions, Task<bool>> Run)[] Tables =
    [
        ("one", "one stream against node-llama-cpp: decode and prefill", OneStream.RunAsync),
        ("batch", "eight streams against node-llama-cpp and against one after another", Batches.RunAsync),
        ("sizes", "two to sixteen streams against taking turns", Batches.SizesAsync),
        ("steps", "what a step of llama.cpp takes by its size", Steps.RunAsync),
        ("stall", "running streams while a prompt of 4,000 tokens arrives", Stall.RunAsync),
        ("chat", "a chat of twenty turns: tokens prefilled and TTFT", ChatTurns.RunAsync),
        ("copy", "decode with drafts and without", Drafts.RunAsync),
        ("restore", "a saved conversation against prefilling it, and damaged files", Restore.RunAsync),
        ("two", "two models at once, in one process and in two, and idle CPU", TwoModels.RunAsync),
        ("cancel", "from the cancel to the end of the stream and to the free slot", Cancels.RunAsync),
        ("managed", "what a token costs outside llama.cpp: time and bytes", ManagedCost.RunAsync),
        ("same", "greedy answers with every feature on against each alone", SameTokens.RunAsync),
        ("predict", "predicted time to the first token against the measured one", Predict.RunAsync),
        ("soak", "random joins, cancels, deadlines and unloads for a long time", Soak.RunAsync),
    ];

    public static string Help =>
        $"""
        engine TABLE [options]   a table of the local engine:
        {string.Join('\n', Tables.Select(table => $"  {table.Name,-10} {table.Shows}"))}
        options:
          --pairs N      pairs that count (9)
          --model NAME   only {string.Join(", ", BenchModel.Names)}
          --threads N    decode threads (2)
          --seed N       of prompts and of chance (1)
          --minutes N    how long a soak takes (30)
          --quick        a smoke run, its figures are worth nothing
        """;

    /// <returns>The exit code: 0 done, 1 a table found a failure, 2 the arguments are wrong.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var (options, error) = EngineOptions.Parse(arguments);
        var run = Tables.FirstOrDefault(table => table.Name == options?.Table).Run;
        if (options is null || run is null)
        {
            await Console.Error.WriteLineAsync($"{(options is null ? error : $"There is no table '{options.Table}'.")}\n{Help}");
            return 2;
        }

        try
        {
            return await run(options) ? 0 : 1;
        }
        catch (NotSupportedException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 2;
        }
    }
}
