using Hybrid.EndToEnd.Peers;
using Hybrid.Engines.LlamaCpp;

namespace Hybrid.Benchmarks.Engine.Tables;

/// <summary>Decode and prefill of one stream, ours and the peer's.</summary>
internal static class OneStream
{
    private const int PrefillTokens = 512;

    public static async Task<bool> RunAsync(EngineOptions options)
    {
        var table = new MarkdownTable(
            options,
            $"One greedy stream against node-llama-cpp: median of {options.Pairs} pairs in turns, tokens/s; Hybrid with {options.Threads} threads. Decode counts from the first token to the end of the stream in the reader's hands, " +
            $"prefill ({PrefillTokens} tokens) from the question to the first token. {Peer.Caption}",
            "model", "phase", "peer threads", "node-llama-cpp", "Hybrid", "ratio", "lowest–highest");
        foreach (var model in options.Models("edge", "cloud", "q8", "q4"))
        {
            await using var engine = await Ours.LoadAsync(model, options, EngineFeatures.Plain);
            var decode = await DecodeAsync(model, options);
            await RowAsync("decode", peer => PeerDecodeAsync(peer, decode), () => OurDecodeAsync(engine, decode));
            var prompts = Enumerable.Range(0, model.Random ? 2 : 20).Select(i => model.Prompt(PrefillTokens, options.Seed + i)).ToArray();
            await RowAsync("prefill", peer => PeerPrefillAsync(peer, prompts), () => OurPrefillAsync(engine, prompts));

            async Task RowAsync(string phase, Func<NodeLlama, Task<double>> theirs, Func<Task<double>> ours)
            {
                var (peer, threads) = await Peer.StartBestAsync(model, options, 1024, 1, theirs);
                using (peer)
                {
                    var pairs = await Pairs.RunAsync(options, ours, () => theirs(peer), peer.Id);
                    table.Row(model.Title, phase, $"{threads}", $"{pairs.Right:0}", $"{pairs.Left:0}", $"{pairs.Ratio:0.00}", pairs.Spread);
                }
            }
        }

        return true;
    }

    /// <summary>Whole answers of the starter models, as long as they come; a fixed length of random ones.</summary>
    private static async Task<Work> DecodeAsync(BenchModel model, EngineOptions options) => model.Random
        ? new([model.Prompt(16, options.Seed)], options.Quick ? 32 : 200)
        : new([.. Enumerable.Repeat(await Questions.TokensAsync(model, Questions.Procedures), options.Quick ? 1 : model.Name == "edge" ? 6 : 2).SelectMany(all => all)], 200);

    private static async Task<double> PeerDecodeAsync(NodeLlama peer, Work work)
    {
        var (tokens, milliseconds) = (0, 0.0);
        foreach (var prompt in work.Prompts)
        {
            var answer = await peer.GenerateAsync(prompt, work.MaxTokens);
            // An answer that is shorter was ended by one more token, which was decoded too.
            tokens += answer.Tokens.Length < work.MaxTokens ? answer.Tokens.Length : answer.Tokens.Length - 1;
            milliseconds += answer.DecodeMilliseconds;
        }

        return tokens / milliseconds * 1000;
    }

    private static async Task<double> OurDecodeAsync(LlamaEngine engine, Work work)
    {
        var (tokens, time) = (0, TimeSpan.Zero);
        foreach (var prompt in work.Prompts)
        {
            var answer = await Ours.RunAsync(engine, prompt, work.MaxTokens);
            tokens += answer.Decoded;
            time += answer.DecodeTime;
        }

        return tokens / time.TotalSeconds;
    }

    private static async Task<double> PeerPrefillAsync(NodeLlama peer, int[][] prompts)
    {
        var milliseconds = 0.0;
        foreach (var prompt in prompts)
            milliseconds += (await peer.GenerateAsync(prompt, 1, ignoreEnd: true)).PrefillMilliseconds;
        return prompts.Sum(prompt => prompt.Length) / milliseconds * 1000;
    }

    private static async Task<double> OurPrefillAsync(LlamaEngine engine, int[][] prompts)
    {
        var time = TimeSpan.Zero;
        foreach (var prompt in prompts)
            time += (await Ours.RunAsync(engine, prompt, 1)).Ttft;
        return prompts.Sum(prompt => prompt.Length) / time.TotalSeconds;
    }

    private sealed record Work(int[][] Prompts, int MaxTokens);
}
