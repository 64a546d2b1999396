using System.Diagnostics;
using Hybrid.Engines.LlamaCpp;

namespace Hybrid.Benchmarks.Engine.Tables;

/// <summary>How soon a cancelled request is over, for its reader and for the engine.</summary>
internal static class Cancels
{
    private const int LongPrompt = 4000;
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    public static async Task<bool> RunAsync(EngineOptions options)
    {
        var times = options.Quick ? 10 : 200;
        var table = new MarkdownTable(
            options,
            $"From Cancel to the end of the stream at its reader, and to the free slot (looked at each millisecond); {times} cancels at random moments, ms, {options.Threads} threads. Prefill: of a prompt of {LongPrompt} tokens.",
            "model", "cancelled in", "stream ended, median", "worst", "slot free, median", "worst");
        foreach (var model in options.Models("cloud", "q8", "q4"))
        {
            await using var engine = await Ours.LoadAsync(model, options, EngineFeatures.Plain, 1, model.Random ? 5120 : 1024);
            // The starter models' context is short, so that they prefill what it holds, many times as fast.
            await PhaseAsync("decode", 16, (10, 100));
            await PhaseAsync("prefill", model.Random ? LongPrompt : 1000, model.Random ? (10, 1000) : (1, 60));

            async Task PhaseAsync(string phase, int promptTokens, (int From, int To) milliseconds)
            {
                var random = new Random(options.Seed);
                var cancels = new List<(double Ended, double Free)>();
                for (var i = 0; i < times; i++)
                    cancels.Add(await CancelAsync(engine, model.Prompt(promptTokens, options.Seed + i), random.Next(milliseconds.From, milliseconds.To)));
                table.Row(
                    model.Title, phase, $"{Statistics.Median(cancels.Select(cancel => cancel.Ended)):0.00}", $"{cancels.Max(cancel => cancel.Ended):0.0}",
                    $"{Statistics.Median(cancels.Select(cancel => cancel.Free)):0.00}", $"{cancels.Max(cancel => cancel.Free):0.0}");
            }
        }

        return true;
    }

    private static async Task<(double Ended, double Free)> CancelAsync(LlamaEngine engine, int[] prompt, int afterMilliseconds)
    {
        using var source = new CancellationTokenSource();
        var running = Task.Run(() => EndAsync(engine, prompt, source.Token));
        await Task.WhenAny(Task.Delay(afterMilliseconds), running);
        var cancelled = Stopwatch.GetTimestamp();
        await source.CancelAsync();
        while (engine.State.BusySlots > 0)
        {
            if (Stopwatch.GetElapsedTime(cancelled) > Hang)
                throw new TimeoutException($"The slot of a cancelled request was not free after {Hang.TotalSeconds} s.");
            await Task.Delay(1); // A loop that spins would take a core from the step that has to end.
        }

        var free = Stopwatch.GetElapsedTime(cancelled);
        var ended = await running;
        return (Math.Max(0, Stopwatch.GetElapsedTime(cancelled, ended).TotalMilliseconds), free.TotalMilliseconds);
    }

    /// <summary>The moment at which the reader had the end.</summary>
    private static async Task<long> EndAsync(LlamaEngine engine, int[] prompt, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
                await Ours.RunAsync(engine, prompt, 1000, cancellationToken: cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return Stopwatch.GetTimestamp();
        }
    }
}
