using System.Diagnostics;
using Hybrid.Benchmarks.Engine;
using Hybrid.EndToEnd.Streaming;
using Hybrid.Targets;

namespace Hybrid.Benchmarks.Stream.Tables;

/// <summary>A reader takes one token of a long answer and then none: how far a worker goes, and whether it rests.</summary>
internal static class SlowReader
{
    private const int Context = 8192;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Resting = TimeSpan.FromMilliseconds(50);

    public static async Task<bool> RunAsync(StreamOptions options)
    {
        var table = new MarkdownTable(
            options.Command,
            options.Quick,
            $"One answer of {Context - 200} tokens by a worker; its reader takes one token and stops until the worker takes less than {Resting.TotalMilliseconds:0} ms of processor time in a second. " +
            "In flight: tokens that then still arrive from a worker that is suspended. Then all is read.",
            "model", "rests after, s", "in flight", "processor time at rest, ms/s", "worker's memory, MB, then", "at the end", "whole");
        var model = BenchModel.Get("q4");
        await using var pool = await RealPool.StartAsync(model.Path, null, "--context", $"{Context}");
        await pool.Target.WarmAsync();
        var request = new DecodeRequest { Prompt = new MessagesPrompt([new("user", "Tell me all.")]), Sampling = new() { Seed = options.Seed }, MaxTokens = Context - 200 };
        await using var stream = pool.Target.GenerateAsync(request).GetAsyncEnumerator();
        await stream.MoveNextAsync();
        var tokens = stream.Current.TokenCount;

        using var process = Process.GetProcessById(pool.Worker.Id);
        var stopped = Stopwatch.GetTimestamp();
        TimeSpan busy;
        do
        {
            busy = await BusyAsync(process);
        }
        while (busy > Resting && Stopwatch.GetElapsedTime(stopped) < TimeSpan.FromMinutes(2));
        var rested = Stopwatch.GetElapsedTime(stopped);
        process.Refresh();
        var memory = process.WorkingSet64 / 1e6;

        pool.Suspend();
        var move = stream.MoveNextAsync().AsTask();
        var inFlight = 0;
        while (await Task.WhenAny(move, Task.Delay(Look)) == move && await move)
        {
            inFlight += stream.Current.TokenCount;
            move = stream.MoveNextAsync().AsTask();
        }

        pool.Resume();
        tokens += inFlight;
        DecodeCompletion? completion = null;
        var inOrder = true;
        while (await move)
        {
            inOrder &= stream.Current.TokenIndex is not { } index || index == tokens;
            tokens += stream.Current.TokenCount;
            completion = stream.Current.Completion;
            move = stream.MoveNextAsync().AsTask();
        }

        process.Refresh();
        var whole = inOrder && completion?.OutputTokens == tokens;
        table.Row(model.Title, $"{rested.TotalSeconds:0}", $"{inFlight}", $"{busy.TotalMilliseconds:0}", $"{memory:0}", $"{process.WorkingSet64 / 1e6:0}", whole ? $"yes, {tokens} tokens" : "no");
        return whole && busy <= Resting;
    }

    private static async Task<TimeSpan> BusyAsync(Process process)
    {
        process.Refresh();
        var before = process.TotalProcessorTime;
        await Task.Delay(Look);
        process.Refresh();
        return process.TotalProcessorTime - before;
    }
}
