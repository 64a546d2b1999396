using Hybrid.Engines.LlamaCpp;
using Hybrid.Streaming;

namespace Hybrid.EndToEnd.Streaming;

/// <summary>A worker process is killed with SIGKILL at a random token of its answer.</summary>
public class KillTests
{
    private const string Question = "motor-12 does not start. Give me the steps.";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3); // to kill one in time, on whatever machine
    private const int Kills = 8; // the benchmark `stream kill` does hundreds

    [Fact]
    public async Task The_device_completes_the_answer_and_nothing_is_lost_or_repeated()
    {
        await using var engine = await LlamaEngine.LoadAsync(new() { ModelPath = Repository.CloudModel, Threads = 1, Poll = 0 });
        var (whole, tokens) = await Answer.UnbrokenAsync(engine, Question);
        var random = new Random(1);
        var broken = 0;
        var began = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < Kills || (broken == 0 && TimeProvider.System.GetElapsedTime(began) < Limit); i++)
        {
            await using var pool = await RealPool.StartAsync(Repository.CloudModel);
            await pool.Target.WarmAsync(TestContext.Current.CancellationToken);
            var at = random.Next(1, tokens.Length / 2);
            var worker = new WatchedTarget(pool.Target)
            {
                OnUpdate = (heard, _) =>
                {
                    if (heard.Tokens >= at)
                        pool.Kill();
                    return ValueTask.CompletedTask;
                },
            };
            var device = new WatchedTarget(engine);
            var answer = await Answer.AskAsync([worker, device], Seams.InOrder, Question);

            Assert.Equal(whole, answer.Text);
            Assert.Equal(Accounting.RequestFinish.Stop, answer.Receipt.Finish);
            if (answer.Receipt.Handovers is not [var handover])
                continue; // on a busy machine the whole answer was on its way before the kill
            Assert.Equal(HandoverReason.Fault, handover.Reason);
            Assert.InRange(handover.AtToken, at, tokens.Length);
            Assert.True(answer.IsOneAnswerOf(worker, device));
            broken++;
        }

        Assert.True(broken > 0, "No worker was killed in time.");
    }
}
