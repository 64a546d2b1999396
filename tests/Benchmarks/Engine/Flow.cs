using System.Diagnostics;
using Hybrid.Targets;

namespace Hybrid.Benchmarks.Engine;

/// <summary>A stream after the other without end, and how fast tokens come.</summary>
internal sealed class Flow(ITarget target, IReadOnlyList<Prompt> prompts, int maxTokens)
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(500);
    private long _tokens;

    /// <summary>Tokens/s of each while all run at once.</summary>
    public static async Task<double[]> TogetherAsync(TimeSpan time, params Flow[] flows)
    {
        using var enough = new CancellationTokenSource();
        var running = flows.Select(flow => Task.Run(() => flow.RunAsync(enough.Token))).ToArray();
        await Task.WhenAny([Task.Delay(WarmUp), .. running]);
        var started = Stopwatch.GetTimestamp();
        var before = flows.Select(flow => Interlocked.Read(ref flow._tokens)).ToArray();
        await Task.WhenAny([Task.Delay(time), .. running]);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var rates = flows.Select((flow, i) => (Interlocked.Read(ref flow._tokens) - before[i]) / seconds).ToArray();
        await enough.CancelAsync();
        await Task.WhenAll(running);
        return rates;
    }

    private async Task RunAsync(CancellationToken enough)
    {
        try
        {
            for (var i = 0; ; i++)
            {
                var request = new DecodeRequest { Prompt = prompts[i % prompts.Count], Sampling = SamplingOptions.Greedy, MaxTokens = maxTokens };
                await foreach (var update in target.GenerateAsync(request, enough))
                    Interlocked.Add(ref _tokens, update.TokenCount);
            }
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            // The time is over.
        }
    }
}
