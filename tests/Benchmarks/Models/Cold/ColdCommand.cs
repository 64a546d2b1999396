using Hybrid.Benchmarks.Engine;

namespace Hybrid.Benchmarks.Models.Cold;

/// <summary>The command <c>models cold</c>, with the options of the engine's tables.</summary>
internal static class ColdCommand
{
    /// <returns>The exit code: 0 done, 1 the page cache could not be emptied, 2 the arguments are wrong.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var (options, error) = EngineOptions.Parse(arguments, "models", ColdStarts.Names);
        if (options is not null) return await ColdStarts.RunAsync(options) ? 0 : 1;
        await Console.Error.WriteLineAsync($"{error}\n{ModelsCommand.Help}");
        return 2;
    }
}
