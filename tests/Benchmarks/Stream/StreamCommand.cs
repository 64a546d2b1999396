using Hybrid.Benchmarks.Stream.Tables;

namespace Hybrid.Benchmarks.Stream;

/// <summary>The command <c>stream TABLE</c>: one run makes one table of docs/performance.md over real processes.</summary>
internal static class StreamCommand
{
    private static readonly (string Name, string Shows, Func<StreamOptions, Task<bool>> Run)[] Tables =
    [
        ("bridge", "the device speaks while a worker that was scaled to zero loads: TTFT and the seam", Bridges.RunAsync),
        ("same", "greedy answers cut at random tokens against the unbroken ones", Stitches.RunAsync),
        ("kill", "workers killed with SIGKILL at random tokens", Kills.RunAsync),
        ("pool", "three workers of one pool killed in turn with SIGKILL while 200 streams run", DyingPools.RunAsync),
        ("reader", "a reader that stops: what a worker decodes ahead of it", SlowReader.RunAsync),
    ];

    public static string Help =>
        $"""
        stream TABLE [options]   a table of the stream, with the device's engine here and hybrid-worker as a child process:
        {string.Join('\n', Tables.Select(table => $"  {table.Name,-10} {table.Shows}"))}
        options:
          --runs N       runs of each row (as the table usually has)
          --seed N       of chance (1)
          --only TEXT    only rows whose name has TEXT in it
          --quick        a smoke run, its figures are worth nothing
        """;

    /// <returns>The exit code: 0 done, 1 a table missed its bar, 2 the arguments are wrong.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var (options, error) = StreamOptions.Parse(arguments);
        var run = Tables.FirstOrDefault(table => table.Name == options?.Table).Run;
        if (options is null || run is null)
        {
            await Console.Error.WriteLineAsync($"{(options is null ? error : $"There is no table '{options.Table}'.")}\n{Help}");
            return 2;
        }

        return await run(options) ? 0 : 1;
    }
}
