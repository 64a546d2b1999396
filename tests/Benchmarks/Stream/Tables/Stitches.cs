using Hybrid.Benchmarks.Engine;
using Hybrid.EndToEnd;
using Hybrid.EndToEnd.Streaming;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Benchmarks.Stream.Tables;

/// <summary>Greedy answers that move at a random token between the device and a worker of the same model, against the unbroken ones.</summary>
internal static class Stitches
{
    private const int Usual = 200;

    public static async Task<bool> RunAsync(StreamOptions options)
    {
        var runs = options.RunsOr(Usual);
        var table = new MarkdownTable(
            options.Command,
            options.Quick,
            $"Greedy answers to {runs} questions that move once, at a random token (seed {options.Seed}), between the device and a worker process with the same model, against the unbroken ones of the device; 1 thread each. " +
            "By text: the token ids are kept from who goes on, so that it makes its own of the text. Where one differs, the first token that does is named, with the distance of the two choices there in standard deviations of the logits; " +
            $"more than {Margins.NearTie} fails, but by text.",
            "model", "seam", "answers", "moved", "the unbroken answer", "differ", "first difference of each, at token (distance)");
        var all = true;
        foreach (var model in new[] { BenchModel.Get("cloud"), BenchModel.Get("edge") })
        {
            await using var engine = await LlamaEngine.LoadAsync(Seams.SlowDevice(model.Path));
            await using var pool = await RealPool.StartAsync(model.Path, Seams.SlowToWake);
            await pool.Target.WarmAsync();
            (string Name, Func<int, (WatchedTarget, WatchedTarget)> Between, RoutingPolicy Policy)[] seams =
            [
                ("the device fails, the worker goes on", at => (Seams.FailingAt(engine, at), new(pool.Target)), Seams.InOrder),
                ("the worker fails, the device goes on", at => (Seams.FailingAt(pool.Target, at), new(engine)), Seams.InOrder),
                ("the device hands over to the worker as planned", at => Seams.BridgeTo(engine, pool.Target, at), Seams.Bridging with { TokensPerSecond = 100 }),
                ("the device fails, the worker goes on by text", at => (Seams.FailingAt(engine, at), new(pool.Target) { OnRequest = ByText }), Seams.InOrder),
            ];
            foreach (var (name, between, policy) in seams.Where(seam => options.Wants(seam.Name)))
                all &= await RowAsync(table, options, model, engine, name, between, policy, runs);
        }

        return all;
    }

    private static DecodeRequest ByText(DecodeRequest request) => request with { ContinuationTokens = null };

    private static async Task<bool> RowAsync(
        MarkdownTable table, StreamOptions options, BenchModel model, LlamaEngine engine, string name, Func<int, (WatchedTarget First, WatchedTarget Second)> between, RoutingPolicy policy, int runs)
    {
        var random = new Random(options.Seed);
        string[] heldOut = [.. HeldOut.Prompts()];
        string[] questions = [.. heldOut, .. Questions.Procedures, .. heldOut.Select(question => "Please: " + question)];
        var (moved, same) = (0, 0);
        var differences = new List<string>();
        var sound = true;
        foreach (var question in questions.Take(runs))
        {
            var (whole, tokens) = await Answer.UnbrokenAsync(engine, question);
            var (first, second) = between(random.Next(1, tokens.Length));
            var answer = await Answer.AskAsync([first, second], policy, question);
            moved += answer.Receipt.Handovers.Count == 1 ? 1 : 0;
            sound &= answer.IsOneAnswerOf(first, second);
            if (answer.Text == whole)
            {
                same++;
                continue;
            }

            var (text, near) = await DifferenceAsync(model, question, tokens, [.. first.Answers[0].Ids.Take(answer.Receipt.Handovers[0].AtToken), .. second.Answers[^1].Ids]);
            differences.Add(text);
            sound &= near || second.OnRequest is not null;
        }

        table.Row(model.Title, name, $"{runs}", $"{moved}", $"{same}", $"{runs - same}", string.Join(", ", differences));
        return sound;
    }

    private static async Task<(string Text, bool Near)> DifferenceAsync(BenchModel model, string question, int[] unbroken, int[] stitched)
    {
        var prompt = (await Questions.TokensAsync(model, [question]))[0];
        var at = Margins.FirstDifference(unbroken, stitched);
        if (at < 0)
            return ("ids alike", false);
        var margin = await Margins.AtAsync(model, 1, prompt, unbroken, stitched);
        return ($"{at} ({margin:0.000})", margin <= Margins.NearTie);
    }
}
