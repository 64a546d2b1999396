using Hybrid.Engines.LlamaCpp;
using Hybrid.Policy;
using Hybrid.Streaming;
using Hybrid.Targets;

namespace Hybrid.EndToEnd.Streaming;

/// <summary>The device speaks while a worker process that was scaled to zero loads its model; nobody told the client that it was.</summary>
public class BridgeTests
{
    private const string Question = "motor-12 does not start. Give me the steps.";
    private const int SaidByTheDevice = 30;

    [Theory]
    [InlineData(null)]
    [InlineData(40.0)]
    public async Task The_worker_takes_over_when_it_is_awake_and_the_text_is_the_unbroken_one(double? tokensPerSecond)
    {
        await using var engine = await LlamaEngine.LoadAsync(Seams.SlowDevice(Repository.CloudModel));
        await using var pool = await RealPool.StartAsync(Repository.CloudModel, Seams.SlowToWake, "--cold-start", "300ms");
        var (whole, _) = await Answer.UnbrokenAsync(engine, Question);

        var worker = new WatchedTarget(pool.Target);
        var device = Seams.SilentFrom(engine, SaidByTheDevice); // or a slow machine would let it say all before the worker is ready
        var answer = await Answer.AskAsync([device, worker], Seams.Bridging with { TokensPerSecond = tokensPerSecond }, Question, ready: HeardAsync);

        Assert.Equal("device", answer.Receipt.Decision.Bridge?.Target);
        Assert.Equal(whole, answer.Text);
        Assert.True(answer.IsOneAnswerOf(device, worker));
        var handover = Assert.Single(answer.Receipt.Handovers);
        Assert.Equal(("device", "cloud", HandoverReason.Plan), (handover.From, handover.To, handover.Reason));
        Assert.InRange(handover.AtToken, 1, SaidByTheDevice);
        Assert.Equal(TargetReadiness.Warm, pool.Target.State.Readiness);
        Assert.NotNull(worker.Answers[^1].Request.ContinuationTokens);

        // The client asks by itself; a request waits a quarter of a second for that and no longer, which a busy machine may not make.
        async Task HeardAsync()
        {
            while (pool.Target.State.Readiness == TargetReadiness.Unknown)
                await Task.Yield();
            Assert.Equal(TargetReadiness.Cold, pool.Target.State.Readiness);
        }
    }
}
