using Hybrid.Accounting;
using Hybrid.Benchmarks.Engine;
using Hybrid.EndToEnd;
using Hybrid.EndToEnd.Streaming;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Policy;

namespace Hybrid.Benchmarks.Stream.Tables;

/// <summary>A fresh worker process is killed at a random token of its answer, again and again; the same model goes on here.</summary>
internal static class Kills
{
    private const int Usual = 200;
    private const int Paced = 50;
    private const double Pace = 30;

    public static async Task<bool> RunAsync(StreamOptions options)
    {
        var runs = options.RunsOr(Usual);
        var table = new MarkdownTable(
            options.Command,
            options.Quick,
            $"{runs} greedy answers of 68 to 92 tokens by a worker that is killed with SIGKILL as a random token arrives (seed {options.Seed}), each in a fresh process ({Math.Min(runs, Paced)} where delivery is paced); the device goes on with the same model, " +
            $"1 thread each. Gap: from the last text before the seam to the first behind it, in the reader's hands; where delivery is paced at {Pace:0} tokens/s, what it has beyond the pace. Every answer must be the unbroken one.",
            "delivery", "killed", "in mid-stream", "completed", "the unbroken answer", "gap, ms, p50", "p95", "max");
        return await RowAsync(table, options, "as it comes", null, runs) & await RowAsync(table, options, "paced", Pace, Math.Min(runs, Paced));
    }

    private static async Task<bool> RowAsync(MarkdownTable table, StreamOptions options, string row, double? pace, int runs)
    {
        if (!options.Wants(row))
            return true;
        var random = new Random(options.Seed);
        await using var engine = await LlamaEngine.LoadAsync(new() { ModelPath = Repository.CloudModel, Threads = 1, Poll = 0 });
        var (broken, completed, same) = (0, 0, 0);
        var gaps = new List<double>();
        for (var i = 0; i < runs; i++)
        {
            var question = Questions.Procedures[random.Next(Questions.Procedures.Count)];
            var (whole, tokens) = await Answer.UnbrokenAsync(engine, question);
            var answer = await KillAsync(engine, question, random.Next(tokens.Length), Seams.InOrder with { TokensPerSecond = pace });
            completed += answer.Receipt.Finish == RequestFinish.Stop ? 1 : 0;
            same += answer.Text == whole ? 1 : 0;
            if (answer.Receipt.Handovers is not [var handover])
                continue;
            broken++;
            if (handover.Gap is { } gap)
                gaps.Add(Math.Max(0, gap.TotalMilliseconds - (pace is { } rate ? 1000 / rate : 0)));
        }

        table.Row(row, $"{runs}", $"{broken}", $"{completed}", $"{same}", $"{Statistics.Median(gaps):0.0}", $"{Statistics.Quantile(gaps, 0.95):0.0}", $"{gaps.DefaultIfEmpty(double.NaN).Max():0.0}");
        return completed == runs && same == runs;
    }

    private static async Task<Answer> KillAsync(LlamaEngine engine, string question, int at, RoutingPolicy policy)
    {
        await using var pool = await RealPool.StartAsync(Repository.CloudModel);
        await pool.Target.WarmAsync();
        var worker = new WatchedTarget(pool.Target)
        {
            OnUpdate = (heard, _) =>
            {
                if (heard.Tokens > at)
                    pool.Kill();
                return ValueTask.CompletedTask;
            },
        };
        return await Answer.AskAsync([worker, engine], policy, question);
    }
}
