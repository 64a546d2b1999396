using Hybrid.Engines.LlamaCpp.Batching;

namespace Hybrid.Benchmarks.Engine.Tables;

/// <summary>What llama.cpp takes for a step, by its size: why batches are calibrated, and why short pieces of long prompts are filled up.</summary>
internal static class Steps
{
    private const int Depth = 2000;
    private const int Cells = 4096;

    public static async Task<bool> RunAsync(EngineOptions options)
    {
        var table = new MarkdownTable(
            options,
            $"Milliseconds of a llama_decode by its size, median of {options.Pairs} after one that does not count, {options.Threads} threads: one token of each of n streams (up to 16), n tokens of one prompt at its beginning and after {Depth} tokens, " +
            $"and there with rows that fill it up to {TilePadding.Tile}.",
            "model", "n", "n streams", "n tokens of a prompt", $"after {Depth}", $"after {Depth}, filled up");
        foreach (var model in options.Models("q8", "q4"))
        {
            using var raw = await RawSteps.LoadAsync(model, Cells, options.Threads);
            foreach (var n in options.Quick ? [1, 48] : new[] { 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 40, 48, 56, 64, 96, 128, 256, 512 })
            {
                var streams = n <= 16 ? $"{Milliseconds(raw, options, n, 0, streams: true):0.0}" : "";
                var filled = n is > 16 and < TilePadding.Tile ? $"{Milliseconds(raw, options, n, Depth, padding: TilePadding.Tile - n):0.0}" : "";
                table.Row(model.Title, $"{n}", streams, $"{Milliseconds(raw, options, n, 0):0.0}", $"{Milliseconds(raw, options, n, Depth):0.0}", filled);
            }
        }

        return true;
    }

    private static double Milliseconds(RawSteps raw, EngineOptions options, int tokens, int depth, bool streams = false, int padding = 0)
    {
        const int Before = 32;
        for (var done = 0; done < depth; done += 500)
            raw.Step(500, 0, done);
        for (var stream = 0; streams && stream < tokens; stream++)
            raw.Step(Before, stream, 0);
        var times = new List<double>();
        for (var i = -1; i < options.Pairs; i++)
        {
            var position = streams ? Before : depth;
            if (streams)
                raw.StepOfEach(tokens, position);
            else
                raw.Step(tokens, 0, position, padding);
            if (i >= 0)
                times.Add(raw.LastMilliseconds);
            for (var stream = 0; stream < (streams ? tokens : 1); stream++)
                raw.Forget(stream, position);
        }

        for (var stream = 0; stream < (streams ? tokens : 1); stream++)
            raw.Forget(stream);
        return Statistics.Median(times);
    }
}
