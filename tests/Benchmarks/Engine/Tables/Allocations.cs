using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Benchmarks.Engine.Tables;

/// <summary>What a delivered token allocates, the decode loop, the channel and the reader together.</summary>
internal static class Allocations
{
    public static async Task<bool> RunAsync(EngineOptions options)
    {
        var table = new MarkdownTable(
            options,
            $"Bytes allocated by the whole process for a delivered token: the difference between a long and a short answer over the difference of their lengths, median of {options.Pairs}; what a request allocates once is the rest. {options.Threads} threads.",
            "model", "streams", "bytes for a token", "lowest–highest", "bytes for a request");
        foreach (var model in options.Models("q8", "q4").Where(model => model.Random))
        {
            foreach (var streams in new[] { 1, 8 })
            {
                await using var engine = await Ours.LoadAsync(model, options, EngineFeatures.Plain, streams);
                var prompts = Enumerable.Range(0, streams).Select(i => model.Prompt(16, options.Seed + i)).ToArray();
                var (brief, extended) = (32, options.Quick ? 96 : 800);
                await AllocatedAsync(engine, prompts, brief);
                var rounds = new List<(double Token, double Request)>();
                for (var i = 0; i < options.Pairs; i++)
                {
                    var less = await AllocatedAsync(engine, prompts, brief);
                    var more = await AllocatedAsync(engine, prompts, extended);
                    var token = (double)(more - less) / (extended - brief) / streams;
                    rounds.Add((token, ((double)less / streams) - (brief * token)));
                }

                table.Row(
                    model.Title, $"{streams}", $"{Statistics.Median(rounds.Select(round => round.Token)):0.0}", $"{rounds.Min(round => round.Token):0.0}–{rounds.Max(round => round.Token):0.0}",
                    $"{Statistics.Median(rounds.Select(round => round.Request)):0}");
            }
        }

        return true;
    }

    private static async Task<long> AllocatedAsync(LlamaEngine engine, int[][] prompts, int maxTokens)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await Task.WhenAll(prompts.Select(prompt => Task.Run(() => ReadAsync(engine, prompt, maxTokens))));
        return GC.GetTotalAllocatedBytes(precise: true) - before;
    }

    private static async Task ReadAsync(LlamaEngine engine, int[] prompt, int maxTokens)
    {
        var request = new DecodeRequest { Prompt = new TokensPrompt(prompt), Sampling = SamplingOptions.Greedy, MaxTokens = maxTokens };
        var tokens = 0;
        await foreach (var update in engine.GenerateAsync(request))
            tokens += update.TokenCount;
        if (tokens != maxTokens)
            throw new InvalidOperationException($"{tokens} tokens came, {maxTokens} were asked for.");
    }
}
