using Hybrid.Engines.LlamaCpp;

namespace Hybrid.Benchmarks.Engine.Tables;

/// <summary>Greedy answers with batching, cached prefixes and drafts on, against each prompt alone with all of them off.</summary>
internal static class SameTokens
{
    private const int Streams = 8;
    private const int MaxTokens = 120;

    public static async Task<bool> RunAsync(EngineOptions options)
    {
        var table = new MarkdownTable(
            options,
            $"Greedy answers with batching ({Streams} streams), prefix cache and n-gram drafts on, against each prompt alone with all of them off; up to {MaxTokens} tokens, {options.Threads} threads. " +
            "Where one differs, a batch rounded a sum in another order and turned a near tie; the first token that differs is named.",
            "model", "prompts", "same tokens", "differ", "first difference of each, at token");
        var all = true;
        foreach (var model in options.Models("edge", "cloud", "q8", "q4"))
        {
            var prompts = await PromptsAsync(model, options);
            var alone = new List<int[]>();
            await using (var engine = await Ours.LoadAsync(model, options, EngineFeatures.TakingTurns))
            {
                foreach (var prompt in prompts)
                    alone.Add((await Ours.RunAsync(engine, prompt, MaxTokens)).Tokens);
            }

            var together = await TogetherAsync(model, options, prompts);
            var differences = alone.Zip(together).Select(pair => FirstDifference(pair.First, pair.Second)).Where(at => at >= 0).Order().ToArray();
            all &= differences.Length == 0;
            table.Row(model.Title, $"{prompts.Length}", $"{prompts.Length - differences.Length}", $"{differences.Length}", string.Join(", ", differences));
        }

        return all;
    }

    /// <summary>Chats and held-out questions; random models get prompts of many lengths, half of which begin alike.</summary>
    private static async Task<int[][]> PromptsAsync(BenchModel model, EngineOptions options)
    {
        var count = options.Quick ? 16 : 200;
        if (!model.Random)
        {
            var questions = Questions.HeldOutOf("triage", "digest", "convert", "to_json", "from_json", "edit_json", "choice");
            string[] all = [.. questions, .. Questions.Procedures, .. questions.Where((_, i) => i % 2 == 0).Select(question => "Please: " + question)];
            return await Questions.TokensAsync(model, all.Take(count));
        }

        var shared = model.Prompt(200, options.Seed);
        return [.. Enumerable.Range(0, count).Select(i => (int[])[.. i % 2 == 0 ? shared : [], .. model.Prompt(8 + (i % 150), options.Seed + i + 1)])];
    }

    private static async Task<int[][]> TogetherAsync(BenchModel model, EngineOptions options, int[][] prompts)
    {
        await using LlamaEngine engine = await Ours.LoadAsync(model, options, new EngineFeatures { Speculation = "Ngram", PrefixCache = true }, Streams);
        var answers = new int[prompts.Length][];
        await Parallel.ForAsync(0, prompts.Length, new ParallelOptions { MaxDegreeOfParallelism = Streams }, async (i, cancellationToken) =>
            answers[i] = (await Ours.RunAsync(engine, prompts[i], MaxTokens, cancellationToken: cancellationToken)).Tokens);
        return answers;
    }

    /// <summary>-1 where there is none.</summary>
    private static int FirstDifference(int[] left, int[] right)
    {
        var common = left.AsSpan().CommonPrefixLength(right);
        return common == left.Length && common == right.Length ? -1 : common;
    }
}
