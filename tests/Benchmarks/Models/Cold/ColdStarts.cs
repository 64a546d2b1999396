using System.Diagnostics;
using Hybrid.Benchmarks.Engine;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Models.Gguf;
using Hybrid.Models.Prefetch;

namespace Hybrid.Benchmarks.Models.Cold;

/// <summary>From the begin of the load to the first token, of a file that is in the page cache, of one that is not, and of one that was brought there ahead.</summary>
internal static class ColdStarts
{
    private const double MostLeft = 0.02;
    private const int PromptTokens = 16;

    /// <summary>What the table is made with: 500M parameters, and 150M, as Q8_0 and as Q4_0.</summary>
    public static IReadOnlyList<string> Names { get; } = ["large-q8", "large-q4", "q8", "q4"];

    public static async Task<bool> RunAsync(EngineOptions options)
    {
        var table = new MarkdownTable(
            options,
            "From the begin of a load to the first token of a prompt of " + $"{PromptTokens} tokens; medians of {options.Pairs} pairs in turns, {options.Threads} threads. *cold*: the file was evicted from the page cache, which mincore " +
            "confirmed. *reads beside*: four threads read it while llama.cpp maps it, where the rules say that this pays. *ahead*: it was brought into the page cache before, as a prefetch does.",
            "model", "file, MB", "warm, ms", "cold, ms", "cold with reads beside, ms", "of cold", "lowest–highest", "after prefetch, ms", "of warm", "lowest–highest", "rules read beside");
        var confirmed = true;
        foreach (var (title, path) in Names.Where(name => options.Model is null || options.Model == name).Select(Model))
        {
            bool? beside = null;
            var cold = await Pairs.RunAsync(options, () => ColdAsync(true), () => ColdAsync(false));
            var ahead = await Pairs.RunAsync(options, AheadAsync, WarmAsync);
            table.Row(
                title, $"{new FileInfo(path).Length / 1e6:0}", $"{ahead.Right:0}", $"{cold.Right:0}", $"{cold.Left:0}", $"{cold.Ratio:0.00}", cold.Spread,
                $"{ahead.Left:0}", $"{ahead.Ratio:0.00}", ahead.Spread, beside switch { true => "yes", false => "no", _ => "-" });

            async Task<double> ColdAsync(bool readAhead)
            {
                confirmed &= Evict(path);
                using (var engineFile = ColdLoad.Begin(GgufFile.Open(path))) beside ??= engineFile.Reads;
                confirmed &= Evict(path);
                return await MillisecondsAsync(path, options, readAhead);
            }

            async Task<double> AheadAsync()
            {
                confirmed &= Evict(path);
                await PrimeAsync(path);
                return await MillisecondsAsync(path, options, readAhead: true);
            }

            async Task<double> WarmAsync()
            {
                await PrimeAsync(path);
                return await MillisecondsAsync(path, options, readAhead: true);
            }
        }

        if (!confirmed) await Console.Error.WriteLineAsync("The page cache kept a file that was to be evicted: these figures are worth nothing. Use a disk that is not memory, as a file's owner.");
        return confirmed;
    }

    private static (string Title, string Path) Model(string name) => name switch
    {
        "large-q8" => ("500M Q8_0", RandomModel.Path("q8_0", RandomShape.Large)),
        "large-q4" => ("500M Q4_0", RandomModel.Path("q4_0", RandomShape.Large)),
        "q8" => ("150M Q8_0", RandomModel.Path("q8_0")),
        _ => ("150M Q4_0", RandomModel.Path("q4_0")),
    };

    private static bool Evict(string path) => PageCache.Evict(path) && PageCache.ResidentShare(path) <= MostLeft;

    private static async Task PrimeAsync(string path)
    {
        using var read = ParallelRead.Start([path], 4);
        await read.Completion;
    }

    private static async Task<double> MillisecondsAsync(string path, EngineOptions options, bool readAhead)
    {
        var random = new Random(options.Seed);
        int[] prompt = [.. Enumerable.Range(0, PromptTokens).Select(_ => random.Next(256, MadeUpVocabulary.Size - 3))];
        var began = Stopwatch.GetTimestamp();
        await using var engine = await LlamaEngine.LoadAsync(new() { ModelPath = path, Threads = options.Threads, Slots = 1, ContextLength = 1024, ReadAhead = readAhead });
        var answer = await Ours.RunAsync(engine, prompt, 1);
        return Stopwatch.GetElapsedTime(began, answer.Stamps[0].At).TotalMilliseconds;
    }
}
