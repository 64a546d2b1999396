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
            $"Where one differs, a batch rounded a sum in another order and turned a near tie; the first token that differs is named where they are few, with the distance of the two choices there in standard deviations of the logits; more than {Margins.NearTie} fails.",
            "model", "prompts", "same tokens", "differ", "first difference of each, at token (distance)");
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
            var differences = new List<(int At, float Margin)>();
            for (var i = 0; i < prompts.Length; i++)
            {
                if (Margins.FirstDifference(alone[i], together[i]) is >= 0 and var at)
                    differences.Add((at, await Margins.AtAsync(model, options.Threads, prompts[i], alone[i], together[i])));
            }

            all &= differences.TrueForAll(difference => difference.Margin <= Margins.NearTie);
            table.Row(model.Title, $"{prompts.Length}", $"{prompts.Length - differences.Count}", $"{differences.Count}", Summary(differences));
        }

        return all;
    }

    /// <summary>Each difference where they are few; a model with random weights has near ties everywhere.</summary>
    private static string Summary(List<(int At, float Margin)> differences)
    {
        const int Few = 8;
        return differences.Count <= Few
            ? string.Join(", ", differences.Order().Select(difference => $"{difference.At} ({difference.Margin:0.000})"))
            : $"distance {Statistics.Median(differences.Select(difference => (double)difference.Margin)):0.000} in the median, {differences.Max(difference => difference.Margin):0.000} at most";
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
        await using LlamaEngine engine = await Ours.LoadAsync(model, options, new EngineFeatures { Speculation = true, PrefixCache = true }, Streams);
        var answers = new int[prompts.Length][];
        await Parallel.ForAsync(0, prompts.Length, new ParallelOptions { MaxDegreeOfParallelism = Streams }, async (i, cancellationToken) =>
            answers[i] = (await Ours.RunAsync(engine, prompts[i], MaxTokens, cancellationToken: cancellationToken)).Tokens);
        return answers;
    }
}
