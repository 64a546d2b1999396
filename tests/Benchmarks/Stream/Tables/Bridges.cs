using System.Diagnostics;
using Hybrid.Benchmarks.Engine;
using Hybrid.CloudConnector.Pools;
using Hybrid.EndToEnd.Streaming;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Streaming;
using Hybrid.Targets;

namespace Hybrid.Benchmarks.Stream.Tables;

/// <summary>The device speaks while a worker process that was scaled to zero loads its model, then the worker goes on.</summary>
internal static class Bridges
{
    private const int Usual = 50;
    private const int ReadBehindTheSeam = 8;
    private const double MostRatio = 1.15;
    private const double MostStall = 50;
    private const double MostForOthers = 0.1;

    /// <summary>An app's client is there before it is asked, and by then an attempt before has let go.</summary>
    private static Task IdleAsync() => Task.Delay(200);

    public static async Task<bool> RunAsync(StreamOptions options)
    {
        var runs = options.RunsOr(Usual);
        var table = new MarkdownTable(
            options.Command,
            options.Quick,
            $"{runs} runs of each row (seed {options.Seed}): the device speaks at once, a worker process loads for so long (`--cold-start`) and goes on; 1 thread each on this one machine, no prefix cache on the device. " +
            $"TTFT beside that of the device alone with the same question, in turns, medians; at most {MostRatio} times. Stall: the gap at the seam in the reader's hands beyond the pace, or beyond the usual gap where text leaves as it comes; " +
            $"p95 at most {MostStall:0} ms. Others: what else took of the machine, median; a run with more than {MostForOthers:P0} is void and run again, for half as many runs at most.",
            "scenario", "handed over", "one answer", "TTFT alone, ms", "bridged", "ratio", "stall, ms, p50", "p95", "max", "at token, p50", "thrown away, p50", "asked again", "others");
        var all = true;
        foreach (var scenario in BridgeScenario.All.Where(scenario => options.Wants(scenario.Name)))
            all &= await RowAsync(table, options, scenario, runs);
        return all;
    }

    private static async Task<bool> RowAsync(MarkdownTable table, StreamOptions options, BridgeScenario scenario, int runs)
    {
        await using var engine = await LlamaEngine.LoadAsync(scenario.Device);
        await using var pool = await RealPool.StartAsync(scenario.PoolModel.Path, scenario.Pool, scenario.WorkerArguments);
        // The pool that is measured finds out itself how its worker is.
        await using var watcher = new WorkerTarget(new() { Endpoint = pool.Worker.Grpc, Descriptor = scenario.Pool });
        var random = new Random(options.Seed);
        var done = new List<Run>();
        var voided = 0;
        for (var i = 0; done.Count < runs; i++)
        {
            await ColdAsync(watcher);
            var question = BridgeScenario.Question(random.Next(1000));
            var load = new LoadMonitor(pool.Worker.Id);
            var alone = i % 2 == 0 ? await AloneAsync(engine, scenario, question) : 0;
            var run = await BridgeAsync(engine, pool.Target, scenario, question);
            if (i % 2 != 0)
                alone = await AloneAsync(engine, scenario, question);
            var others = load.OthersShare();
            if (i == 0 && !options.Quick)
                continue; // it warms the code
            if (!options.Quick && others > MostForOthers && voided < runs / 2)
                voided++;
            else
                done.Add(run with { Alone = alone, Others = others });
        }

        var handed = done.Where(run => run.Seam is not null).ToArray();
        double[] stalls = [.. handed.Select(run => run.Stall)];
        var (aloneMs, bridged) = (Statistics.Median(done.Select(run => run.Alone)), Statistics.Median(done.Select(run => run.Bridged)));
        var p95 = Statistics.Quantile(stalls, 0.95);
        table.Row(
            scenario.Name, $"{handed.Length} of {done.Count}{(voided > 0 ? $", {voided} void" : "")}", $"{done.Count(run => run.OneAnswer)}", $"{aloneMs:0.0}", $"{bridged:0.0}", $"{bridged / aloneMs:0.00}",
            $"{Statistics.Median(stalls):0.0}", $"{p95:0.0}", $"{stalls.DefaultIfEmpty(double.NaN).Max():0.0}", $"{Statistics.Median(handed.Select(run => (double)run.Seam!.AtToken)):0}",
            $"{Statistics.Median(handed.Select(run => (double)run.Seam!.DiscardedTokens)):0}", $"{done.Sum(run => run.AskedAgain)}", $"{Statistics.Median(done.Select(run => run.Others)):P0}");
        return done.TrueForAll(run => run.OneAnswer) && handed.Length == done.Count && bridged / aloneMs <= MostRatio && p95 <= MostStall;
    }

    /// <summary>Waits until the worker has scaled to zero again.</summary>
    private static async Task ColdAsync(WorkerTarget watcher)
    {
        while ((await watcher.RefreshAsync()).Readiness != TargetReadiness.Cold)
            await Task.Delay(100);
        await Task.Delay(200);
    }

    private static async Task<double> AloneAsync(LlamaEngine engine, BridgeScenario scenario, string question)
    {
        return (await Answer.AskAsync([new WatchedTarget(engine)], scenario.Policy, question, scenario.Options, (_, _) => new(false), IdleAsync)).FirstText.TotalMilliseconds;
    }

    private static async Task<Run> BridgeAsync(LlamaEngine engine, WorkerTarget pool, BridgeScenario scenario, string question)
    {
        var (device, worker) = (new WatchedTarget(engine), new WatchedTarget(pool));
        var gaps = new List<double>();
        var last = 0L;
        var behind = 0;
        var answer = await Answer.AskAsync([device, worker], scenario.Policy, question, scenario.Options, (_, target) =>
        {
            var now = Stopwatch.GetTimestamp();
            if (last != 0 && target == "device")
                gaps.Add(Stopwatch.GetElapsedTime(last, now).TotalMilliseconds);
            last = now;
            return new(target == "device" || ++behind < ReadBehindTheSeam);
        }, IdleAsync);
        if (answer.Receipt.Decision.Bridge is null)
            throw new InvalidOperationException($"No bridge was planned: {answer.Receipt.Decision.ExplainLine()}");
        var seam = answer.Receipt.Handovers is [{ Reason: HandoverReason.Plan, Gap: not null } handover] ? handover : null;
        var usual = scenario.Pace is { } pace ? 1000 / pace : Statistics.Median(gaps);
        return new(
            answer.FirstText.TotalMilliseconds, seam, Math.Max(0, (seam?.Gap?.TotalMilliseconds ?? 0) - usual), answer.IsOneAnswerOf(device, worker),
            Math.Max(0, worker.Answers.Count(asked => asked.Request.MaxTokens != 1) - 1));
    }

    private sealed record Run(double Bridged, Handover? Seam, double Stall, bool OneAnswer, int AskedAgain)
    {
        public double Alone { get; init; }

        public double Others { get; init; }
    }
}
