using Hybrid.Engines.LlamaCpp;
using Microsoft.Extensions.AI;

namespace Hybrid.EndToEnd.Streaming;

/// <summary>A reader that stops for a while.</summary>
public class BackPressureTests
{
    private const int LongestUpdate = 64;
    private const int Limit = 600;
    private const int AheadAtLeast = 256; // what an engine holds for a reader
    private const int AheadAtMost = 256 + 64; // and what a step may add

    [Fact]
    public async Task Nothing_is_taken_from_a_worker_while_nobody_reads_and_nothing_is_lost()
    {
        await using var engine = await LlamaEngine.LoadAsync(new() { ModelPath = Repository.CloudModel, Threads = 1, Poll = 0 });
        await using var pool = await RealPool.StartAsync(Repository.CloudModel);
        await pool.Target.WarmAsync(TestContext.Current.CancellationToken);
        const string Question = "motor-12 does not start. Give me the steps.";
        var (whole, _) = await Answer.UnbrokenAsync(engine, Question);
        var worker = new WatchedTarget(pool.Target);
        var read = 0;
        var answer = await Answer.AskAsync([worker, new WatchedTarget(engine)], Seams.InOrder, Question, onText: async (text, _) =>
        {
            read += text.Length;
            // By its own state the worker has said all that it will say to somebody who does not read.
            while (read == text.Length && (await pool.Target.RefreshAsync()).BusySlots > 0)
                await Task.Yield();
            Assert.InRange(worker.Answers[0].Whole.Length - read, 0, LongestUpdate);
            return true;
        });
        Assert.Equal(whole, answer.Text);
        Assert.Empty(answer.Receipt.Handovers);
    }

    [Fact]
    public async Task The_device_decodes_a_bounded_number_of_tokens_ahead_of_its_reader()
    {
        await using var engine = await LlamaEngine.LoadAsync(new() { ModelPath = Repository.EdgeModel, Threads = 1, Poll = 0 });
        var decoded = 0;
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var device = new WatchedTarget(engine)
        {
            OnRequest = request => request with
            {
                OnToken = _ =>
                {
                    if (Interlocked.Increment(ref decoded) == AheadAtLeast)
                        enough.TrySetResult();
                },
            },
        };
        // Rewarded for what it said before, the model repeats itself up to its limit.
        var options = new ChatOptions { Temperature = 0, MaxOutputTokens = Limit, FrequencyPenalty = -2 };
        var stopped = false;
        var answer = await Answer.AskAsync([device], Seams.InOrder, "How do I check pump-3 that runs hot?", options, async (_, _) =>
        {
            if (stopped)
                return true;
            stopped = true;
            await enough.Task;
            // Another request runs to its end, so the engine had its turns; the paused one takes none.
            await Answer.UnbrokenAsync(engine, "convert 7 bar to kPa");
            Assert.InRange(Volatile.Read(ref decoded), AheadAtLeast, AheadAtMost);
            return true;
        });
        Assert.Equal(Limit, answer.Receipt.OutputTokens);
        Assert.Equal(Limit, decoded);
    }
}
