using System.Diagnostics;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Benchmarks.Engine.Tables;

/// <summary>What a token costs outside llama.cpp: time of the decode thread, and bytes that the whole process allocates.</summary>
internal static class ManagedCost
{
    public static async Task<bool> RunAsync(EngineOptions options)
    {
        var table = new MarkdownTable(
            options,
            $"What a token costs outside `llama_decode`. Time: of the decode thread from a stream's first token to its last, less the time in `llama_decode`, over the tokens of all streams; greedy, sampling and waking the readers included, median of {options.Pairs}. " +
            $"Bytes: what the whole process, readers included, allocates for a long answer more than for a short one, over the difference of their lengths; what a request allocates once is the rest. {options.Threads} threads.",
            "model", "streams", "µs for a token", "lowest–highest", "bytes for a token", "bytes for a request");
        foreach (var model in options.Models("q4", "q8"))
        {
            foreach (var streams in new[] { 1, 8 })
            {
                await using var engine = await Ours.LoadAsync(model, options, EngineFeatures.Plain, streams);
                var prompts = Enumerable.Range(0, streams).Select(i => model.Prompt(16, options.Seed + i)).ToArray();
                var (brief, extended) = (32, options.Quick ? 96 : 400);
                await RunAsync(engine, prompts, brief);
                var rounds = new List<(double Micros, double Token, double Request)>();
                for (var i = 0; i < options.Pairs; i++)
                {
                    await Pairs.RestAsync(options.Quick);
                    var less = await RunAsync(engine, prompts, brief);
                    var more = await RunAsync(engine, prompts, extended);
                    var token = (double)(more.Bytes - less.Bytes) / (extended - brief) / streams;
                    rounds.Add((more.Micros, token, ((double)less.Bytes / streams) - (brief * token)));
                }

                var micros = rounds.Select(round => round.Micros).Order().ToArray();
                table.Row(
                    model.Title, $"{streams}", $"{Statistics.Median(micros):0.0}", $"{micros[0]:0.0}–{micros[^1]:0.0}",
                    $"{Statistics.Median(rounds.Select(round => round.Token)):0.0}", $"{Statistics.Median(rounds.Select(round => round.Request)):0}");
            }
        }

        return true;
    }

    private static async Task<(long Bytes, double Micros)> RunAsync(LlamaEngine engine, int[][] prompts, int maxTokens)
    {
        var clock = new DecodeClock(engine, prompts.Length, maxTokens);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await Task.WhenAll(prompts.Select(prompt => Task.Run(() => ReadAsync(engine, prompt, maxTokens, clock.Tick))));
        return (GC.GetTotalAllocatedBytes(precise: true) - before, clock.Micros);
    }

    private static async Task ReadAsync(LlamaEngine engine, int[] prompt, int maxTokens, Action<int> onToken)
    {
        var request = new DecodeRequest { Prompt = new TokensPrompt(prompt), Sampling = SamplingOptions.Greedy, MaxTokens = maxTokens, OnToken = onToken };
        var tokens = 0;
        await foreach (var update in engine.GenerateAsync(request))
            tokens += update.TokenCount;
        if (tokens != maxTokens)
            throw new InvalidOperationException($"{tokens} tokens came, {maxTokens} were asked for.");
    }

    /// <summary>Looks at the clock when all streams have begun and when the first of them ends; on the decode thread.</summary>
    private sealed class DecodeClock(LlamaEngine engine, int streams, int maxTokens)
    {
        private int _tokens;
        private int _from;
        private long _began;
        private double _decodeBegan;

        /// <summary>For a token, outside llama_decode.</summary>
        public double Micros { get; private set; }

        public void Tick(int token)
        {
            // Before that, prompts are prefilled.
            if (++_tokens == streams * 8)
                (_began, _decodeBegan, _from) = (Stopwatch.GetTimestamp(), engine.DecodeSeconds, _tokens);
            else if (_tokens == streams * (maxTokens - 8))
                Micros = (Stopwatch.GetElapsedTime(_began).TotalSeconds - (engine.DecodeSeconds - _decodeBegan)) * 1e6 / (_tokens - _from);
        }
    }
}
