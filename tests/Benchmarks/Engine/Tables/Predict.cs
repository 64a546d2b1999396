using Hybrid.Accounting;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Benchmarks.Engine.Tables;

/// <summary>Predicted time to the first token against what the engine then took, as a user of the client sees both.</summary>
internal static class Predict
{
    private const int Taught = 200;
    private const int Room = 900;
    private static readonly ChatOptions Short = new() { MaxOutputTokens = 12, Temperature = 0 };

    public static async Task<bool> RunAsync(EngineOptions options)
    {
        var requests = options.Quick ? 200 : 2000;
        var table = new MarkdownTable(
            options,
            $"Predicted time to the first token against the measured one, {requests} chats of mixed length (up to {Room} tokens) after {Taught} from which the client learned; before them it knew the descriptor's default figures. " +
            $"Error: |predicted − measured| / measured. Band: the stated 95 %. {options.Threads} threads.",
            "model", "at once", "prompt tokens, median", "TTFT, ms, median", "p50 error", "p90 error", "band held", "band, from–to of the prediction, median");
        foreach (var model in options.Models("edge", "cloud"))
        {
            foreach (var streams in new[] { 1, 4 })
            {
                await using var engine = await Ours.LoadAsync(model, options, EngineFeatures.Plain with { PrefixCache = true }, streams);
                var seen = await AskAsync(engine, requests, streams, options.Seed);
                table.Row(
                    model.Title,
                    $"{streams}",
                    $"{Statistics.Median(seen.Select(one => (double)one.Tokens)):0}",
                    $"{Statistics.Median(seen.Select(one => one.Measured * 1000)):0.0}",
                    $"{Quantile(seen, 0.5):P1}",
                    $"{Quantile(seen, 0.9):P1}",
                    $"{seen.Average(one => one.Held ? 1.0 : 0.0):P1}",
                    $"{Statistics.Median(seen.Select(one => one.Low / one.Predicted)):0.00}–{Statistics.Median(seen.Select(one => one.High / one.Predicted)):0.00}");
            }
        }

        return true;
    }

    private static async Task<List<Seen>> AskAsync(LlamaEngine engine, int requests, int streams, int seed)
    {
        using var client = new HybridChatClient([engine], new() { Policy = PolicyPresets.Balanced with { LatencyQuantile = 0.5 } });
        var prompts = Prompts(engine, Taught + streams + requests, seed);
        var seen = new List<Seen>();
        var (next, settled) = (-1, 0);
        await Task.WhenAll(Enumerable.Range(0, streams).Select(_ => Task.Run(AskInTurnAsync)));
        return seen;

        async Task AskInTurnAsync()
        {
            while (Interlocked.Increment(ref next) is var i && i < prompts.Count)
            {
                var taught = Volatile.Read(ref settled);
                var answer = await client.GetResponseAsync(prompts[i], Short);
                Interlocked.Increment(ref settled);
                var receipt = (RequestReceipt)answer.AdditionalProperties![HybridUpdateKeys.Receipt]!;
                if (taught < Taught || receipt.Segments[0].TimeToFirstToken is not { } measured)
                    continue;
                var predicted = receipt.Decision.Chosen!;
                lock (seen)
                    seen.Add(new(receipt.InputTokens, predicted.TimeToFirstToken.TotalSeconds, predicted.TimeToFirstTokenBand[0].TotalSeconds, predicted.TimeToFirstTokenBand[1].TotalSeconds, measured.TotalSeconds));
            }
        }
    }

    /// <summary>Questions one after another, one to as many as fit, each chat with a beginning of its own.</summary>
    private static List<string> Prompts(LlamaEngine engine, int count, int seed)
    {
        var random = new Random(seed);
        var questions = Questions.HeldOutOf([.. EndToEnd.HeldOut.Items().Select(item => item.Task).Distinct()]);
        var prompts = new List<string>();
        while (prompts.Count < count)
        {
            var many = (int)Math.Exp(random.NextDouble() * Math.Log(60));
            var prompt = $"{random.Next(1_000_000)}. {string.Join(' ', Enumerable.Range(0, many).Select(_ => questions[random.Next(questions.Count)]))}";
            if (engine.CountTokens([new PromptMessage("user", prompt)]) <= Room)
                prompts.Add(prompt);
        }

        return prompts;
    }

    private static double Quantile(List<Seen> seen, double quantile) =>
        seen.Select(one => one.Error).Order().ElementAt((int)(quantile * (seen.Count - 1)));

    private sealed record Seen(int Tokens, double Predicted, double Low, double High, double Measured)
    {
        public double Error => Math.Abs(Predicted - Measured) / Measured;

        public bool Held => Measured >= Low && Measured <= High;
    }
}
