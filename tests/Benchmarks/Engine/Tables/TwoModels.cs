using System.Diagnostics;
using Hybrid.CloudConnector.Pools;
using Hybrid.EndToEnd;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Benchmarks.Engine.Tables;

/// <summary>Two models that stream at once: in one process, and as the sample has them, the device's in this process and the pool's in a worker.</summary>
internal static class TwoModels
{
    public static async Task<bool> RunAsync(EngineOptions options)
    {
        var table = new MarkdownTable(
            options,
            $"Two models at once, each with a stream after the other: tokens/s of each alone and of both together, in turns, median of {options.Pairs} rounds, and the share of its lone speed that each keeps. " +
            $"One process: {options.Threads} threads each. Two processes: as the sample starts them, half of the processors and no spinning each. " +
            "Idle CPU: processor time of the processes in a second that begins 200 ms after the last token.",
            "where", "models", "alone", "together", "shares", "sum of shares", "lowest–highest", "idle CPU, ms/s");
        foreach (var (first, second) in new[] { ("edge", "cloud"), ("q8", "q4") })
        {
            var (left, right) = (BenchModel.Get(first), BenchModel.Get(second));
            await using var leftEngine = await Ours.LoadAsync(left, options, EngineFeatures.Plain);
            await using var rightEngine = await Ours.LoadAsync(right, options, EngineFeatures.Plain);
            await RowAsync(table, options, "one process", $"{left.Title} + {right.Title}", await FlowAsync(leftEngine, left), await FlowAsync(rightEngine, right));
        }

        var half = Math.Max(1, Environment.ProcessorCount / 2);
        await using var device = await LlamaEngine.LoadAsync(new() { ModelPath = Repository.EdgeModel, Threads = half, Poll = 0 });
        await using var worker = await WorkerProcess.StartAsync(WorkerPath, ["--model", Repository.CloudModel, "--threads", $"{half}", "--poll", "0"]);
        await using var pool = new WorkerTarget(new()
        {
            Endpoint = worker.Grpc,
            Descriptor = new() { Name = "cloud", Model = "cloud", Zone = Zone.Site, Capabilities = TargetCapabilities.Chat },
        });
        await pool.WarmAsync();
        await RowAsync(table, options, "two processes", "edge + cloud in a worker", ChatFlow(device), ChatFlow(pool), worker.Id);
        return true;
    }

    private static string WorkerPath => Path.Combine(
        Repository.Root, "src", "CloudWorker", "bin", AppContext.BaseDirectory.Contains("Release", StringComparison.Ordinal) ? "Release" : "Debug", "net10.0", "hybrid-worker.dll");

    private static async Task RowAsync(MarkdownTable table, EngineOptions options, string where, string models, Flow left, Flow right, params int[] processes)
    {
        var time = TimeSpan.FromSeconds(options.Quick ? 1 : 4);
        var rounds = new List<(double[] Alone, double[] Both)>();
        var idle = new List<double>();
        for (var voided = 0; rounds.Count < options.Pairs;)
        {
            var load = new LoadMonitor(processes);
            var alone = new[] { (await Flow.TogetherAsync(time, left))[0], (await Flow.TogetherAsync(time, right))[0] };
            var both = await Flow.TogetherAsync(time, left, right);
            if (!options.Quick && load.OthersShare() > LoadMonitor.MostForOthers && voided++ < options.Pairs * 4)
                continue;
            rounds.Add((alone, both));
            idle.Add(await IdleAsync(processes));
        }

        double Of(Func<(double[] Alone, double[] Both), double> value) => Statistics.Median(rounds.Select(value));
        var sums = rounds.Select(round => (round.Both[0] / round.Alone[0]) + (round.Both[1] / round.Alone[1])).Order().ToArray();
        table.Row(
            where, models, $"{Of(round => round.Alone[0]):0} + {Of(round => round.Alone[1]):0}", $"{Of(round => round.Both[0]):0} + {Of(round => round.Both[1]):0}",
            $"{Of(round => round.Both[0] / round.Alone[0]):0.00} + {Of(round => round.Both[1] / round.Alone[1]):0.00}", $"{Statistics.Median(sums):0.00}", $"{sums[0]:0.00}–{sums[^1]:0.00}", $"{Statistics.Median(idle):0.0}");
    }

    private static async Task<double> IdleAsync(int[] processes)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(200));
        var before = Used(processes);
        await Task.Delay(TimeSpan.FromSeconds(1));
        return (Used(processes) - before).TotalMilliseconds;
    }

    private static TimeSpan Used(int[] processes) => new(((int[])[Environment.ProcessId, .. processes]).Sum(id =>
    {
        using var process = Process.GetProcessById(id);
        return process.TotalProcessorTime.Ticks;
    }));

    private static async Task<Flow> FlowAsync(LlamaEngine engine, BenchModel model) => model.Random
        ? new(engine, [new TokensPrompt(model.Prompt(16, 1))], 400)
        : new(engine, [.. (await Questions.TokensAsync(model, Questions.Procedures)).Select(tokens => new TokensPrompt(tokens))], 200);

    private static Flow ChatFlow(ITarget target) => new(target, [.. Questions.Procedures.Select(question => new MessagesPrompt([new("user", question)]))], 200);
}
