using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Streaming;
using Hybrid.Targets;
using Hybrid.Tests.Streaming.Simulated;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Tests.Streaming;

/// <summary>A quick target speaks at a reader's pace for a better one that wakes.</summary>
public sealed class PacedBridgeTests
{
    private const double Pace = 10;
    private static readonly TimeSpan Cold = TimeSpan.FromSeconds(8);

    private static readonly RoutingPolicy Policy = new()
    {
        Name = "best",
        DollarsPerSecond = 0.001,
        DollarsPerQualityPoint = 0.0001,
        TokensPerSecond = Pace,
    };

    [Theory]
    [InlineData(200)]
    [InlineData(100)]
    public async Task It_says_what_is_read_until_the_other_is_awake_and_hardly_more(int answerTokens)
    {
        var (receipt, _, _) = await RunAsync(answerTokens);
        var handover = Assert.Single(receipt.Handovers);
        Assert.Equal(HandoverReason.Plan, handover.Reason);
        Assert.InRange(handover.AtToken, Cold.TotalSeconds * Pace, (Cold.TotalSeconds * Pace) + 10);
        Assert.InRange(handover.Gap!.Value.TotalSeconds, 0, 1.1 / Pace);
    }

    [Fact]
    public async Task While_the_other_is_late_it_goes_on_and_the_reader_notices_little()
    {
        var (receipt, _, gaps) = await RunAsync(200, lateSeconds: 3);
        Assert.True(receipt.Segments.Count(segment => segment.Target == "cloud") > 1);
        Assert.InRange(gaps.Max(), 0, (1 / Pace) + 0.06);
    }

    [Fact]
    public async Task The_reader_waits_for_the_first_token_and_not_for_the_wake()
    {
        var (_, order, _) = await RunAsync(200);
        Assert.Equal(["asked device", "woke cloud"], order.Take(2));
    }

    [Fact]
    public void However_quick_it_is_no_more_is_planned_for_it_than_the_pace_lets_through()
    {
        var bridge = PolicyEngine.Decide(Profile(200), [new(Device, TargetState.Warm), new(Cloud, new(TargetReadiness.Cold))], Policy).Bridge;
        Assert.NotNull(bridge);
        Assert.InRange(bridge.Tokens, 75, 85);
    }

    private static RequestProfile Profile(int answerTokens) => new() { PromptTokens = 10, ExpectedOutputTokens = answerTokens };

    private static TargetDescriptor Device { get; } = new()
    {
        Name = "device",
        Model = "small",
        Zone = Zone.Device,
        Quality = 0.3,
        DecodeTokensPerSecond = 1000,
        Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation,
    };

    private static TargetDescriptor Cloud { get; } = Device with { Name = "cloud", Model = "large", Zone = Zone.Site, Quality = 0.9, DecodeTokensPerSecond = 200, ColdStart = Cold };

    private static async Task<(RequestReceipt Receipt, List<string> Order, List<double> Gaps)> RunAsync(int answerTokens, double lateSeconds = 0.02)
    {
        var time = new VirtualTime();
        var order = new List<string>();
        var cloud = new SimulatedTarget(time, new(1), Cloud, 1) { Place = Zone.Site, AnswerTokens = answerTokens, FirstTokenSeconds = lateSeconds, SecondsPerToken = 0.005, ColdSeconds = Cold.TotalSeconds };
        cloud.MakeCold();
        var device = new SimulatedTarget(time, new(2), Device, 1) { Place = Zone.Device, AnswerTokens = answerTokens, FirstTokenSeconds = 0.02, SecondsPerToken = 0.001 };
        ITarget[] targets = [new Ordered(device, order), new Ordered(cloud, order)];
        var decision = PolicyEngine.Decide(Profile(answerTokens), [.. targets.Select(target => new TargetSnapshot(target.Descriptor, target.State))], Policy);
        Assert.Equal("device", decision.Bridge?.Target);
        var conductor = new Conductor(new(time, NullLogger.Instance, name => targets.First(target => target.Descriptor.Name == name)));
        RequestReceipt? receipt = null;
        var gaps = new List<double>();
        await Task.Run(() =>
        {
            var reading = ReadAsync();
            time.RunUntil(TimeSpan.FromMinutes(5), () => reading.IsCompleted);
            Assert.True(reading.IsCompletedSuccessfully);
        });
        return (receipt!, order, gaps);

        async Task ReadAsync()
        {
            TimeSpan? last = null;
            await foreach (var piece in conductor.RunAsync(Conducting.Request, decision, Policy, settled => receipt = settled).ConfigureAwait(false))
            {
                if (piece.Text.Length == 0) continue;
                if (last is { } before) gaps.Add((time.Elapsed - before).TotalSeconds);
                last = time.Elapsed;
            }
        }
    }

    /// <summary>Tells in which order targets are called.</summary>
    private sealed class Ordered(ITarget target, List<string> order) : ITarget
    {
        public TargetDescriptor Descriptor => target.Descriptor;

        public TargetState State => target.State;

        public IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, CancellationToken cancellationToken = default)
        {
            order.Add($"asked {Descriptor.Name}");
            return target.GenerateAsync(request, cancellationToken);
        }

        public ValueTask WarmAsync(CancellationToken cancellationToken = default)
        {
            order.Add($"woke {Descriptor.Name}");
            return target.WarmAsync(cancellationToken);
        }

        public ValueTask DisposeAsync() => target.DisposeAsync();
    }
}
