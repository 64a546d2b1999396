using System.Diagnostics;
using Hybrid.Engines.LlamaCpp;

namespace Hybrid.Benchmarks.Engine.Tables;

/// <summary>A saved conversation that goes on in a fresh engine, against prefilling it again; and whether a damaged file is refused.</summary>
internal static class Restore
{
    private const int Flips = 300;

    public static async Task<bool> RunAsync(EngineOptions options)
    {
        if (!SavedPrefix.Supported)
        {
            await Console.Error.WriteLineAsync("This engine saves no state; there is nothing to measure.");
            return false;
        }

        var path = Path.Combine(Path.GetTempPath(), "hybrid-benchmarks", $"state-{Environment.ProcessId}");
        var refusedAll = true;
        try
        {
            var table = new MarkdownTable(
                options,
                $"A saved conversation restored into an engine that was just loaded, and one token decoded, against prefilling it there and decoding one token; median of {options.Pairs} pairs, {options.Threads} threads, file in the page cache. " +
                $"Then one random bit of the file is flipped, {Flips} times.",
                "model", "tokens", "file, MB", "prefill and one token, ms", "restore and one token, ms", "of that restoring, ms", "times faster", "lowest–highest", "flipped bits refused");
            foreach (var model in options.Models("q8", "q4"))
            {
                foreach (var length in options.Quick ? [1024] : new[] { 1024, 4096 })
                {
                    var prompt = model.Prompt(length, options.Seed);
                    await using (var saver = await LoadAsync(model, options))
                        await SaveAsync(saver, prompt, path);
                    var restores = new List<double>();
                    var pairs = await Pairs.RunAsync(options, () => PerMillisecondAsync(model, options, prompt, path, restores), () => PerMillisecondAsync(model, options, prompt, null, restores));
                    var refused = await RefusedAsync(model, options, path);
                    refusedAll &= refused == Flips;
                    table.Row(
                        model.Title, $"{length}", $"{new FileInfo(path).Length / 1e6:0.0}", $"{1 / pairs.Right:0.0}", $"{1 / pairs.Left:0.00}", $"{Statistics.Median(restores):0.00}", $"{pairs.Ratio:0}", pairs.Spread, $"{refused} of {Flips}");
                }
            }
        }
        finally
        {
            File.Delete(path);
        }

        return refusedAll;
    }

    private static Task<LlamaEngine> LoadAsync(BenchModel model, EngineOptions options) =>
        Ours.LoadAsync(model, options, EngineFeatures.Plain with { PrefixCache = true }, 2, 5120);

    private static async Task SaveAsync(LlamaEngine engine, int[] prompt, string path)
    {
        await Ours.RunAsync(engine, prompt, 1);
        await SavedPrefix.SaveAsync(engine, prompt, path);
    }

    /// <summary>In a fresh engine, so that nothing is cached: the file is restored first where there is one. The load of the model does not count.</summary>
    private static async Task<double> PerMillisecondAsync(BenchModel model, EngineOptions options, int[] prompt, string? path, List<double> restores)
    {
        await using var engine = await LoadAsync(model, options);
        await Ours.RunAsync(engine, model.Prompt(8, options.Seed + 1), 4);
        var started = Stopwatch.GetTimestamp();
        if (path is not null)
        {
            await SavedPrefix.RestoreAsync(engine, path);
            restores.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        await Ours.RunAsync(engine, [.. prompt, .. model.Prompt(1, options.Seed + 2)], 1);
        return 1 / Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static async Task<int> RefusedAsync(BenchModel model, EngineOptions options, string path)
    {
        await using var engine = await LoadAsync(model, options);
        var random = new Random(options.Seed);
        var refused = 0;
        for (var i = 0; i < Flips; i++)
        {
            var (place, mask) = (random.NextInt64(new FileInfo(path).Length), (byte)(1 << random.Next(8)));
            Flip(path, place, mask);
            try
            {
                await SavedPrefix.RestoreAsync(engine, path);
                await Console.Error.WriteLineAsync($"A file with bit {mask} of byte {place} flipped was taken.");
            }
            catch (HybridException)
            {
                refused++;
            }

            Flip(path, place, mask);
        }

        return refused;
    }

    private static void Flip(string path, long place, byte mask)
    {
        using var file = File.Open(path, FileMode.Open);
        file.Position = place;
        var value = (byte)(file.ReadByte() ^ mask);
        file.Position = place;
        file.WriteByte(value);
    }
}
