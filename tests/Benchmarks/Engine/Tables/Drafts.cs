using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Benchmarks.Engine.Tables;

/// <summary>Decode speed with drafts on and off, where answers copy from the prompt and where they do not.</summary>
internal static class Drafts
{
    private const int MaxTokens = 200;

    public static async Task<bool> RunAsync(EngineOptions options)
    {
        var table = new MarkdownTable(
            options,
            $"Decode of one stream with drafts and without: median of {options.Pairs} pairs in turns, tokens/s from the first token of each answer to its last, {options.Threads} threads. " +
            "Digests, JSON edits and chats that repeat a document copy much of what was said before; procedures, conversions and sampled random text do not. A greedy random model ends in a loop, which is copying without end.",
            "model", "drafts", "task", "without", "with", "ratio", "lowest–highest", "drafted", "accepted", "same text");
        foreach (var model in options.Models("edge", "cloud", "q8", "q4"))
        {
            await using var plain = await Ours.LoadAsync(model, options, EngineFeatures.Plain);
            await ModelAsync(table, options, model, plain, "n-gram", EngineFeatures.Plain with { Speculation = "Ngram" });
            await ModelAsync(table, options, model, plain, "auto", EngineFeatures.Plain with { Speculation = "Auto" });
            if (model.Name == "cloud")
                await ModelAsync(table, options, model, plain, "edge model", EngineFeatures.Plain with { Speculation = "Auto", DraftModelPath = BenchModel.Get("edge").Path });
        }

        return true;
    }

    private static async Task ModelAsync(MarkdownTable table, EngineOptions options, BenchModel model, LlamaEngine plain, string drafts, EngineFeatures features)
    {
        await using var drafting = await Ours.LoadAsync(model, options, features);
        foreach (var work in await WorkOfAsync(model, options))
        {
            var (with, without) = (new Tally(), new Tally());
            var pairs = await Pairs.RunAsync(options, () => with.RunAsync(drafting, work), () => without.RunAsync(plain, work));
            var same = work.Sampling == SamplingOptions.Greedy ? $"{with.Answers.Zip(without.Answers).Count(pair => pair.First.SequenceEqual(pair.Second))} of {work.Prompts.Count}" : "sampled";
            table.Row(model.Title, drafts, work.Name, $"{pairs.Right:0}", $"{pairs.Left:0}", $"{pairs.Ratio:0.00}", pairs.Spread, $"{with.Drafted}", $"{with.Accepted}", same);
        }
    }

    private static async Task<IReadOnlyList<Work>> WorkOfAsync(BenchModel model, EngineOptions options)
    {
        var tokens = options.Quick ? 48 : 400;
        if (model.Random)
        {
            int[] phrase = model.Prompt(32, options.Seed);
            int[] repeated = [.. Enumerable.Repeat(phrase, 8).SelectMany(all => all)];
            return
            [
                new("greedy loop", [repeated], SamplingOptions.Greedy, tokens),
                new("sampled", [model.Prompt(64, options.Seed)], SamplingOptions.Default with { Temperature = 1, Seed = options.Seed }, tokens),
            ];
        }

        var digests = Questions.HeldOutOf("digest");
        var edits = Questions.HeldOutOf("edit_json");
        return
        [
            await WorkAsync("log digest", digests),
            await WorkAsync("JSON edit", edits),
            await WorkAsync("repeat", [.. digests.Select(log => "Say exactly this: " + log.Split('\n')[^1][6..])]),
            await WorkAsync("procedure", Questions.Procedures),
            await WorkAsync("convert", Questions.HeldOutOf("convert")),
            await WorkAsync("choice", Questions.HeldOutOf("choice")),
        ];

        async Task<Work> WorkAsync(string name, IReadOnlyList<string> questions)
        {
            var prompts = await Questions.TokensAsync(model, options.Quick ? questions.Take(3) : questions);
            return new(name, prompts, SamplingOptions.Greedy, MaxTokens);
        }
    }

    private sealed record Work(string Name, IReadOnlyList<int[]> Prompts, SamplingOptions Sampling, int MaxTokens);

    /// <summary>What one side decoded in its last round.</summary>
    private sealed class Tally
    {
        public List<int[]> Answers { get; private set; } = [];

        public int Drafted { get; private set; }

        public int Accepted { get; private set; }

        public async Task<double> RunAsync(LlamaEngine engine, Work work)
        {
            (Answers, Drafted, Accepted) = ([], 0, 0);
            var (tokens, time) = (0, TimeSpan.Zero);
            // Short answers are asked for again until there is half a second to measure.
            for (var round = 0; round == 0 || (time < TimeSpan.FromSeconds(0.5) && round < 20); round++)
            {
                foreach (var prompt in work.Prompts)
                {
                    var answer = await Ours.RunAsync(engine, prompt, work.MaxTokens, work.Sampling);
                    tokens += answer.Decoded;
                    time += answer.DecodeTime;
                    if (round > 0)
                        continue;
                    Answers.Add(answer.Tokens);
                    Drafted += Counts.Drafted(answer.Completion);
                    Accepted += Counts.Accepted(answer.Completion);
                }
            }

            return tokens / time.TotalSeconds;
        }
    }
}
