using System.Net.Sockets;
using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Streaming;
using Hybrid.Targets;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.CloudConnector.Tests.Pools.Retries;

/// <summary>A stream whose replica dies while the others are out or want to be left alone, and no other target may go on.</summary>
public class TakeOverTests
{
    private static readonly HybridException Gone = new(HybridError.TargetUnavailable, "gone", new SocketException((int)SocketError.ConnectionRefused));

    [Theory]
    [InlineData(5, true, true)]
    [InlineData(5, false, true)]
    [InlineData(20, true, true)]
    [InlineData(20, false, false)]
    public async Task Who_is_back_within_seconds_counts_where_nobody_else_may_go_on(double restOfOne, bool otherIsGone, bool takesOver)
    {
        var bench = await BenchAsync(restOfOne, otherIsGone ? Gone : new(HybridError.Internal, "500"));
        Assert.Equal(takesOver, bench.Pool.CanTakeOver(["r2"], isLastResort: true));
        Assert.False(bench.Pool.CanTakeOver(["r2"], isLastResort: false));
        Assert.False(bench.Pool.CanTakeOver(["r0", "r2"], isLastResort: false));
    }

    [Fact]
    public async Task The_stream_waits_for_the_first_who_is_back_and_goes_on_there()
    {
        var bench = await BenchAsync(3, Gone);
        var restsUntil = bench.Pool.Parts.Replicas.All[1].Health.RestsUntil(bench.Pool.Parts.Clock.Now);
        bench.Replicas[1].Recover();
        bench.Replicas[2].Then = _ =>
        {
            bench.Replicas[2].First = (_, _) => throw Gone;
            throw Gone;
        };
        RequestReceipt? receipt = null;
        var answer = ReadAsync();
        while (!answer.IsCompleted)
        {
            Assert.True(bench.Pool.Parts.Clock.Now < restsUntil + TimeSpan.FromMinutes(1), "The stream does not end.");
            bench.Pass(0.005);
            await Task.Yield();
        }

        Assert.Equal("r2r1", await answer);
        Assert.Equal(RequestFinish.Stop, receipt!.Finish);
        Assert.Equal(["r2", "r1"], receipt.Segments.Select(segment => segment.Replica));
        Assert.True(bench.Pool.Parts.Clock.Now >= restsUntil, "It was left alone as long as it wanted.");

        async Task<string> ReadAsync()
        {
            var request = new DecodeRequest { Id = "r", Prompt = new MessagesPrompt([new("user", "hi")]) };
            var policy = new RoutingPolicy { Name = "order" };
            var decision = PolicyEngine.Decide(new() { PromptTokens = 10, ExpectedOutputTokens = 20 }, [new(bench.Pool.Descriptor, TargetState.Warm)], policy);
            var text = "";
            await foreach (var piece in new Conductor(new(bench.Time, NullLogger.Instance, _ => bench.Pool)).RunAsync(request, decision, policy, made => receipt = made).ConfigureAwait(false))
                text += piece.Text;
            return text;
        }
    }

    /// <summary>Of three replicas the first is ejected and the second wants to be left alone.</summary>
    private static async Task<PoolBench> BenchAsync(double restOfOne, HybridException fault)
    {
        var bench = new PoolBench(3, PoolBench.NoRetries);
        bench.Replicas[0].Probe = null; // a bad one would keep requests from it, and so failures
        bench.Replicas[0].First = (_, _) => throw fault;
        var replicas = bench.Pool.Parts.Replicas.All;
        for (var i = 0; replicas[0].Health.OutUntil(bench.Pool.Parts.Clock.Now) is null; i++)
        {
            var before = bench.Replicas[0].Asked;
            await bench.AskAsync($"{i}");
            if (bench.Replicas[0].Asked > before) bench.Pass(1.1); // a replica that is gone is left alone for a second
        }

        bench.Replicas[1].Fail(HybridError.Busy, TimeSpan.FromSeconds(restOfOne));
        for (var i = 0; replicas[1].Health.RestsUntil(bench.Pool.Parts.Clock.Now) is null; i++) await bench.AskAsync($"{i}");
        return bench;
    }
}
