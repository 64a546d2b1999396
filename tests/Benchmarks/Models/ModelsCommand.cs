using Hybrid.Benchmarks.Models.Cold;
using Hybrid.Benchmarks.Models.Pull;

namespace Hybrid.Benchmarks.Models;

/// <summary>The command <c>models TABLE</c>: one run makes one table of docs/performance.md about model files.</summary>
internal static class ModelsCommand
{
    private static readonly (string Name, string Shows, Func<ModelsOptions, Task<bool>> Run)[] Tables =
    [
        ("pull", "a verified pull beside aria2c and curl with sha256sum, on loopback and on a thin, lossy line", PullTables.RunAsync),
    ];

    public static string Help =>
        $"""
        models TABLE [options]   a table about model files:
        {string.Join('\n', Tables.Select(table => $"  {table.Name,-10} {table.Shows}"))}
        options:
          --runs N       runs of each row (5)
          --folder PATH  where files are written (the folder for temporary files)
          --only TEXT    only tables whose name has TEXT in it: loopback, line
          --quick        a smoke run, its figures are worth nothing
          cold           time to the first token of a model that is not in the page cache, after a prefetch, with reads beside the load and without;
                         with --pairs N, --model NAME ({string.Join(", ", ColdStarts.Names)}), --threads N, --seed N, --quick as for the engine
        """;

    /// <returns>The exit code: 0 done, 1 a table missed its bar, 2 the arguments are wrong.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is ["cold", ..])
            return await ColdCommand.RunAsync(arguments);
        if (arguments is ["serve", var address, var port, var file, var digest])
            return await FileServer.RunAsync(address, int.Parse(port), file, digest);
        var (options, error) = ModelsOptions.Parse(arguments);
        var run = Tables.FirstOrDefault(table => table.Name == options?.Table).Run;
        if (options is null || run is null)
        {
            await Console.Error.WriteLineAsync($"{(options is null ? error : $"There is no table '{options.Table}'.")}\n{Help}");
            return 2;
        }

        return await run(options) ? 0 : 1;
    }
}
