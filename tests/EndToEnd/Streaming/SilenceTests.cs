using System.Net;
using System.Net.Sockets;
using Hybrid.Accounting;
using Hybrid.CloudConnector.Pools;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Streaming;

namespace Hybrid.EndToEnd.Streaming;

/// <summary>Pools that keep their connection and say nothing.</summary>
public class SilenceTests
{
    private static readonly TimeSpan Gap = TimeSpan.FromSeconds(10); // a machine may stand still for seconds, and then the device is silent, too
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3); // to suspend one in time, on whatever machine
    private const string Question = "motor-12 does not start. Give me the steps.";

    [Fact]
    public async Task A_pool_that_accepts_and_never_speaks_is_raced_by_the_device()
    {
        await using var engine = await LlamaEngine.LoadAsync(new() { ModelPath = Repository.EdgeModel, Threads = 1, Poll = 0 });
        var (whole, _) = await Answer.UnbrokenAsync(engine, Question);
        using var mute = new TcpListener(IPAddress.Loopback, 0);
        mute.Start();
        var accepted = mute.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        await using var pool = new WorkerTarget(new() { Endpoint = new($"http://{mute.LocalEndpoint}"), Descriptor = RealPool.Described, ConnectTimeout = RealPool.Patience });

        var answer = await Answer.AskAsync([pool, engine], Seams.InOrder with { HedgeAfter = TimeSpan.FromMilliseconds(50) }, Question);

        Assert.Equal(whole, answer.Text);
        Assert.Equal(HandoverReason.Race, Assert.Single(answer.Receipt.Handovers).Reason);
        Assert.Equal([("cloud", RequestFinish.Superseded), ("device", RequestFinish.Stop)], answer.Receipt.Segments.Select(segment => (segment.Target, segment.Finish)));
        using var connection = await accepted; // so it was asked
    }

    [Fact]
    public async Task When_a_worker_is_suspended_in_mid_stream_the_device_goes_on()
    {
        await using var engine = await LlamaEngine.LoadAsync(new() { ModelPath = Repository.CloudModel, Threads = 1, Poll = 0 });
        var (whole, tokens) = await Answer.UnbrokenAsync(engine, Question);
        var began = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(began) < Limit)
        {
            await using var pool = await RealPool.StartAsync(Repository.CloudModel);
            await pool.Target.WarmAsync(TestContext.Current.CancellationToken);
            var worker = new WatchedTarget(pool.Target)
            {
                OnUpdate = (_, _) =>
                {
                    pool.Suspend();
                    return ValueTask.CompletedTask;
                },
            };
            var device = new WatchedTarget(engine);
            var answer = await Answer.AskAsync([worker, device], Seams.InOrder with { MaxTokenGap = Gap }, Question);

            Assert.Equal(whole, answer.Text);
            if (answer.Receipt.Handovers is not [var handover])
                continue; // on a busy machine the whole answer was on its way before
            Assert.Equal(HandoverReason.Silence, handover.Reason);
            Assert.InRange(handover.AtToken, 1, tokens.Length);
            Assert.True(answer.IsOneAnswerOf(worker, device));
            return;
        }

        Assert.Fail("No worker was suspended in time.");
    }
}
