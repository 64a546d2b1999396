using Hybrid.EndToEnd.Peers;
using Hybrid.Engines.LlamaCpp;

namespace Hybrid.Benchmarks.Engine.Tables;

/// <summary>Many streams at once: against the peer's batching, against one after another, and against taking turns.</summary>
internal static class Batches
{
    private const int Streams = 8;
    private const int RawTokens = 128;

    public static async Task<bool> RunAsync(EngineOptions options)
    {
        var table = new MarkdownTable(
            options,
            $"{Streams} greedy streams at once: median of {options.Pairs} pairs in turns, tokens/s of all streams together from the first question to the last token; Hybrid with {options.Threads} threads. " +
            $"The peer runs them in one context of {Streams} sequences. {Peer.Caption} " +
            $"The last column is what sharing steps gains in llama.cpp alone, in as many rounds of {RawTokens} tokens: no engine can gain more against one after another.",
            "model", "peer threads", "node-llama-cpp", "Hybrid", "ratio", "lowest–highest", "Hybrid one after another", "ratio", "lowest–highest", "llama.cpp alone");
        foreach (var model in options.Models("edge", "cloud", "q8", "q4"))
        {
            var work = await Work.MakeAsync(model, options, Streams);
            await using var engine = await Ours.LoadAsync(model, options, EngineFeatures.Plain, Streams, 512);
            var (peer, threads) = await Peer.StartBestAsync(model, options, 512, Streams, peer => TheirsAsync(peer, work));
            using (peer)
            {
                var peers = await Pairs.RunAsync(options, () => TogetherAsync(engine, work), () => TheirsAsync(peer, work), peer.Id);
                var alone = await Pairs.RunAsync(options, () => TogetherAsync(engine, work), () => OneAfterAnotherAsync(engine, work));
                table.Row(model.Title, $"{threads}", $"{peers.Right:0}", $"{peers.Left:0}", $"{peers.Ratio:0.00}", peers.Spread, $"{alone.Right:0}", $"{alone.Ratio:0.00}", alone.Spread, await RawGainAsync(model, options));
            }
        }

        return true;
    }

    /// <summary>Every batch size against the same streams taking turns in an engine with batching off.</summary>
    public static async Task<bool> SizesAsync(EngineOptions options)
    {
        var table = new MarkdownTable(
            options,
            $"Streams at once against the same streams taking turns (batching off): median of {options.Pairs} pairs in turns, tokens/s of all together, {options.Threads} threads.",
            "model", "streams", "taking turns", "batched", "ratio", "lowest–highest");
        foreach (var model in options.Models("edge", "cloud", "q8", "q4"))
        {
            await using var batched = await Ours.LoadAsync(model, options, EngineFeatures.Plain, 16, 512);
            await using var turns = await Ours.LoadAsync(model, options, EngineFeatures.TakingTurns, 16, 512);
            foreach (var streams in options.Quick ? [2, 8] : new[] { 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16 })
            {
                var work = await Work.MakeAsync(model, options, streams);
                var pairs = await Pairs.RunAsync(options, () => TogetherAsync(batched, work), () => TogetherAsync(turns, work));
                table.Row(model.Title, $"{streams}", $"{pairs.Right:0}", $"{pairs.Left:0}", $"{pairs.Ratio:0.00}", pairs.Spread);
            }
        }

        return true;
    }

    private static async Task<string> RawGainAsync(BenchModel model, EngineOptions options)
    {
        await Pairs.RestAsync(options.Quick);
        using var raw = await RawSteps.LoadAsync(model, 2048, options.Threads);
        _ = raw.Gain(Streams, RawTokens);
        double[] gains = [.. Enumerable.Range(0, options.Pairs).Select(_ => raw.Gain(Streams, RawTokens)).Order()];
        return $"{Statistics.Median(gains):0.00} ({gains[0]:0.00}–{gains[^1]:0.00})";
    }

    private static async Task<double> TheirsAsync(NodeLlama peer, Work work)
    {
        var (tokens, milliseconds) = (0, 0.0);
        for (var i = 0; i < work.Times; i++)
        {
            var answers = await peer.GenerateAsync(work.Prompts, work.MaxTokens);
            tokens += answers.Items.Sum(answer => answer.Tokens.Length);
            milliseconds += answers.Milliseconds;
        }

        return tokens / milliseconds * 1000;
    }

    private static async Task<double> TogetherAsync(LlamaEngine engine, Work work)
    {
        var (tokens, time) = (0, TimeSpan.Zero);
        for (var i = 0; i < work.Times; i++)
        {
            var round = await Ours.RunTogetherAsync(engine, work.Prompts, work.MaxTokens);
            tokens += round.Streams.Sum(stream => stream.Tokens.Length);
            time += round.Time;
        }

        return tokens / time.TotalSeconds;
    }

    private static async Task<double> OneAfterAnotherAsync(LlamaEngine engine, Work work)
    {
        var (tokens, time) = (0, TimeSpan.Zero);
        for (var i = 0; i < work.Times; i++)
        {
            foreach (var prompt in work.Prompts)
            {
                var round = await Ours.RunTogetherAsync(engine, [prompt], work.MaxTokens);
                tokens += round.Streams[0].Tokens.Length;
                time += round.Time;
            }
        }

        return tokens / time.TotalSeconds;
    }

    /// <param name="Prompts">One for each stream.</param>
    /// <param name="MaxTokens">For each.</param>
    /// <param name="Times">How often, so that small models are measured for long enough.</param>
    private sealed record Work(int[][] Prompts, int MaxTokens, int Times)
    {
        public static async Task<Work> MakeAsync(BenchModel model, EngineOptions options, int streams)
        {
            if (model.Random)
                return new([.. Enumerable.Range(0, streams).Select(i => model.Prompt(16, options.Seed + i))], options.Quick ? 16 : 128, 1);
            var questions = await Questions.TokensAsync(model, Questions.Procedures);
            var times = options.Quick ? 1 : (model.Name == "edge" ? 64 : 24) / streams;
            return new([.. Enumerable.Range(0, streams).Select(i => questions[i % questions.Length])], 200, Math.Max(1, times));
        }
    }
}
