using System.Diagnostics;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Benchmarks.Engine.Tables;

/// <summary>What a long prompt does to the streams that run already.</summary>
internal static class Stall
{
    private const int LongPrompt = 4000;
    private const int Context = 5120;

    public static async Task<bool> RunAsync(EngineOptions options)
    {
        var table = new MarkdownTable(
            options,
            $"Time between two tokens of running streams, before and while a prompt of {LongPrompt} tokens is prefilled; {options.Pairs} arrivals, {options.Threads} threads. " +
            "Medians are over all gaps, the worst gap is the median and the maximum over the arrivals. TTFT of the newcomer beside its TTFT on an idle engine.",
            "model", "running streams", "longest pause asked, ms", "median gap before, ms", "median gap during, ms", "worst gap during, ms (median, max)", "worst ÷ median before", "worst ÷ median during", "TTFT of the newcomer, s", "alone, s");
        foreach (var model in options.Models("q8", "q4"))
        {
            foreach (var (streams, pause) in options.Quick ? [(2, 150)] : new[] { (1, 150), (4, 150), (8, 150), (8, 50) })
            {
                var features = EngineFeatures.Plain with { LongestPause = TimeSpan.FromMilliseconds(pause) };
                await using var engine = await Ours.LoadAsync(model, options, features, streams + 1, Context);
                var arrivals = new List<Arrival>();
                for (var i = 0; i < options.Pairs; i++)
                    arrivals.Add(await ArriveAsync(engine, model, streams, options.Seed + (i * 100)));
                var alone = await Ours.RunAsync(engine, model.Prompt(LongPrompt, options.Seed + 99), 1);
                var before = Statistics.Median(arrivals.SelectMany(arrival => arrival.Before));
                var during = Statistics.Median(arrivals.SelectMany(arrival => arrival.During));
                var worst = Statistics.Median(arrivals.Select(arrival => arrival.During.Max()));
                table.Row(
                    model.Title, $"{streams}", $"{pause}", $"{before:0.0}", $"{during:0.0}", $"{worst:0.0}, {arrivals.Max(arrival => arrival.During.Max()):0.0}",
                    $"{worst / before:0.0}", $"{worst / during:0.0}", $"{Statistics.Median(arrivals.Select(arrival => arrival.Ttft.TotalSeconds)):0.00}", $"{alone.Ttft.TotalSeconds:0.00}");
            }
        }

        return true;
    }

    private static async Task<Arrival> ArriveAsync(LlamaEngine engine, BenchModel model, int streams, int seed)
    {
        using var enough = new CancellationTokenSource();
        var running = Enumerable.Range(0, streams).Select(i => Task.Run(() => StampsAsync(engine, model.Prompt(16, seed + i), enough.Token))).ToArray();
        await Task.Delay(TimeSpan.FromSeconds(2));
        var newcomer = await Ours.RunAsync(engine, model.Prompt(LongPrompt, seed + streams), 1);
        await enough.CancelAsync();
        var stamps = await Task.WhenAll(running);
        var arrived = newcomer.Stamps[0].At;
        return new(Gaps(stamps, 0, newcomer.Asked), Gaps(stamps, newcomer.Asked, arrived), newcomer.Ttft);
    }

    /// <summary>Gaps that end between two moments, in milliseconds.</summary>
    private static double[] Gaps(long[][] streams, long from, long to) =>
        [.. streams.SelectMany(stamps => stamps.Zip(stamps.Skip(1))).Where(gap => gap.Second > from && gap.First < to && (from > 0 || gap.Second < to)).Select(gap => Stopwatch.GetElapsedTime(gap.First, gap.Second).TotalMilliseconds)];

    private static async Task<long[]> StampsAsync(LlamaEngine engine, int[] prompt, CancellationToken enough)
    {
        var stamps = new List<long>();
        try
        {
            var request = new DecodeRequest { Prompt = new TokensPrompt(prompt), Sampling = SamplingOptions.Greedy };
            await foreach (var update in engine.GenerateAsync(request, enough))
                stamps.Add(Stopwatch.GetTimestamp());
        }
        catch (OperationCanceledException)
        {
            // The long prompt is through; that was all.
        }

        return [.. stamps];
    }

    private sealed record Arrival(double[] Before, double[] During, TimeSpan Ttft);
}
