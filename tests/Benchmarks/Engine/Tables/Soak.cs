using System.Diagnostics;
using Hybrid.Benchmarks.Engine.Soaking;

namespace Hybrid.Benchmarks.Engine.Tables;

/// <summary>Random joins, cancels, deadlines, slow readers and unloads; every stream must be right and the memory flat.</summary>
internal static class Soak
{
    private const int Clients = 12;
    private const double MostDrift = 0.02;

    public static async Task<bool> RunAsync(EngineOptions options)
    {
        var time = TimeSpan.FromMinutes(options.Minutes);
        List<SoakModel> models = [];
        foreach (var name in options.Model is null ? ["edge", "cloud"] : new[] { options.Model })
            models.Add(await SoakModel.MakeAsync(name, options));
        var counts = new SoakCounts();
        using var enough = new CancellationTokenSource(time);
        List<Task> running = [UnloadAsync(models, options, enough.Token)];
        running.AddRange(Enumerable.Range(0, Clients).Select(i => Task.Run(() => new SoakClient(models, counts, options.Seed + i).RunAsync(enough.Token))));
        var memory = await WatchAsync(time, enough.Token);
        await Task.WhenAll(running);
        foreach (var model in models)
            await model.DisposeAsync();

        var drift = Drift(memory);
        var table = new MarkdownTable(
            options,
            $"{options.Minutes:0.##} minutes with {Clients} clients on {string.Join(" and ", models.Count == 2 ? ["edge", "cloud"] : [options.Model!])}: whole answers, cancels, deadlines, prompts that are too long, slow readers, " +
            "and engines unloaded in the middle and loaded again. Every whole answer is compared with the one that the prompt gives alone. " +
            "Drift: median RSS of the last quarter after the warm-up over that of the first.",
            "requests", "finished and right", "cancelled", "past their deadline", "refused as too long", "busy", "ended by an unload", "wrong", "lost", "RSS, MB", "drift");
        table.Row(
            $"{counts.All}", $"{counts.Finished}", $"{counts.Cancelled}", $"{counts.Late}", $"{counts.Refused}", $"{counts.Busy}", $"{counts.Unloaded}", $"{counts.Wrong}", $"{counts.Lost}",
            $"{memory.LastOrDefault() / 1e6:0}", $"{drift:+0.0%;-0.0%}");
        return counts.Wrong == 0 && counts.Lost == 0 && counts.Finished > 0 && (options.Quick || drift <= MostDrift);
    }

    private static async Task UnloadAsync(List<SoakModel> models, EngineOptions options, CancellationToken enough)
    {
        var random = new Random(options.Seed);
        try
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromSeconds(options.Quick ? random.Next(2, 4) : random.Next(10, 40)), enough);
                var model = models[random.Next(models.Count)];
                await model.UnloadAsync();
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 500)), CancellationToken.None);
                await model.LoadAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The time is over; every model is loaded.
        }
    }

    private static async Task<List<double>> WatchAsync(TimeSpan time, CancellationToken enough)
    {
        var memory = new List<double>();
        var warmUp = Math.Min(time.TotalSeconds / 5, 300);
        var started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(time < TimeSpan.FromMinutes(2) ? 1 : 10));
        try
        {
            while (await timer.WaitForNextTickAsync(enough))
            {
                if (Stopwatch.GetElapsedTime(started).TotalSeconds > warmUp)
                    memory.Add(Environment.WorkingSet);
            }
        }
        catch (OperationCanceledException)
        {
            // The time is over.
        }

        return memory;
    }

    private static double Drift(List<double> memory)
    {
        var quarter = Math.Max(1, memory.Count / 4);
        return memory.Count < 4 ? 0 : (Statistics.Median(memory.TakeLast(quarter)) / Statistics.Median(memory.Take(quarter))) - 1;
    }
}
