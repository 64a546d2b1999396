using Hybrid.Engines.LlamaCpp;
using Hybrid.Engines.LlamaCpp.Batching;
using Hybrid.Engines.LlamaCpp.Native;

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
        NativeLibraries.EnsureLoaded(null);
        foreach (var model in options.Models("q8", "q4"))
        {
            using var loaded = await LlamaModel.LoadAsync(model.Path, 0, null, CancellationToken.None);
            using var context = new DecodeContext(loaded, new ContextShape(Cells, 512, 512, 16, options.Threads, Poll: 50));
            context.BeginTurn();
            foreach (var n in options.Quick ? [1, 48] : new[] { 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 40, 48, 56, 64, 96, 128, 256, 512 })
            {
                var streams = n <= 16 ? $"{Milliseconds(context, options, n, 0, streams: true):0.0}" : "";
                var filled = n is > 16 and < TilePadding.Tile ? $"{Milliseconds(context, options, n, Depth, padding: TilePadding.Tile - n):0.0}" : "";
                table.Row(model.Title, $"{n}", streams, $"{Milliseconds(context, options, n, 0):0.0}", $"{Milliseconds(context, options, n, Depth):0.0}", filled);
            }

            context.EndTurn();
        }

        return true;
    }

    private static double Milliseconds(DecodeContext context, EngineOptions options, int tokens, int depth, bool streams = false, int padding = 0)
    {
        const int Before = 32;
        for (var done = 0; done < depth; done += 500)
            Step(context, 500, 0, done);
        for (var stream = 0; streams && stream < tokens; stream++)
            Step(context, Before, stream, 0);
        var times = new List<double>();
        for (var i = -1; i < options.Pairs; i++)
        {
            var position = streams ? Before : depth;
            if (streams)
                StepOfEach(context, tokens, position);
            else
                Step(context, tokens, 0, position, padding);
            if (i >= 0)
                times.Add(context.LastSeconds * 1000);
            for (var stream = 0; stream < (streams ? tokens : 1); stream++)
                context.Forget(stream, position, -1);
        }

        for (var stream = 0; stream < (streams ? tokens : 1); stream++)
            context.Forget(stream, -1, -1);
        return Statistics.Median(times);
    }

    private static void Step(DecodeContext context, int tokens, int sequence, int position, int padding = 0)
    {
        context.Clear();
        for (var i = 0; i < tokens; i++)
            context.Add(300 + i, position + i, sequence, output: i == tokens - 1);
        context.Pad(padding);
        Decode(context);
    }

    private static void StepOfEach(DecodeContext context, int streams, int position)
    {
        context.Clear();
        for (var i = 0; i < streams; i++)
            context.Add(300 + i, position, i, output: true);
        Decode(context);
    }

    private static void Decode(DecodeContext context)
    {
        if (context.Decode(ticket: 1) is not 0 and var code)
            throw new InvalidOperationException($"llama.cpp could not decode (code {code}).");
    }
}
