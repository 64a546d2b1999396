using Hybrid.Engines.LlamaCpp;
using Hybrid.Streaming;

namespace Hybrid.EndToEnd.Streaming;

/// <summary>The same model on the device and in a worker process: wherever a greedy answer is cut, its parts together are the unbroken one, near ties aside.</summary>
public class StitchTests
{
    private const int Prompts = 40;

    [Fact]
    public async Task Forty_answers_are_the_unbroken_ones_wherever_their_speaker_fails_or_hands_over()
    {
        await using var engine = await LlamaEngine.LoadAsync(Seams.SlowDevice(Repository.CloudModel));
        await using var pool = await RealPool.StartAsync(Repository.CloudModel, Seams.SlowToWake);
        await pool.Target.WarmAsync(TestContext.Current.CancellationToken);
        var random = new Random(1);
        foreach (var (question, i) in HeldOut.Prompts().Where((_, i) => i % 3 == 0).Take(Prompts).Select((question, i) => (question, i)))
        {
            var (whole, tokens) = await Answer.UnbrokenAsync(engine, question);
            var at = random.Next(1, tokens.Length);
            var (reason, speaker, other) = (i % 5) switch
            {
                0 or 1 => (HandoverReason.Fault, Seams.FailingAt(engine, at), new WatchedTarget(pool.Target)),
                2 or 3 => (HandoverReason.Fault, Seams.FailingAt(pool.Target, at), new WatchedTarget(engine)),
                _ => Planned(Seams.BridgeTo(engine, pool.Target, at)),
            };
            var answer = await Answer.AskAsync([speaker, other], reason == HandoverReason.Plan ? Seams.Bridging with { TokensPerSecond = 100 } : Seams.InOrder, question);
            var handover = Assert.Single(answer.Receipt.Handovers);
            Assert.Equal(reason, handover.Reason);
            Assert.True(answer.IsOneAnswerOf(speaker, other));
            if (whole != answer.Text && await NearTie.PartsAsync(engine, question, tokens, [.. speaker.Answers[0].Ids.Take(handover.AtToken), .. other.Answers[^1].Ids]))
                continue;
            Assert.Equal(whole, answer.Text);
            Assert.NotNull(other.Answers[^1].Request.ContinuationTokens);
        }

        static (HandoverReason, WatchedTarget, WatchedTarget) Planned((WatchedTarget Device, WatchedTarget Pool) bridge) => (HandoverReason.Plan, bridge.Device, bridge.Pool);
    }
}
