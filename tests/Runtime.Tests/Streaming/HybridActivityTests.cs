using System.Diagnostics;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Streaming;

public sealed class HybridActivityTests : IDisposable
{
    private const string Canary = "canary-7f3a";
    private static readonly ActivitySource Reader = new("HybridActivityTests");
    private static readonly string[] Answer = [Canary, " and", " more", "."];
    private readonly List<Activity> _ended = [];
    private readonly ActivityListener _listener;
    private readonly string _policy = "traced " + Guid.NewGuid();

    public HybridActivityTests()
    {
        _listener = new()
        {
            ShouldListenTo = source => source.Name is "Hybrid" or "HybridActivityTests",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                lock (_ended) _ended.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task A_request_is_a_span_below_the_readers_and_every_attempt_one_below_it()
    {
        using var own = Reader.StartActivity("page")!;
        using var client = Client(new ScriptedTarget("one", Answer) { FailAfter = 2, HeldBack = 1 }, new ScriptedTarget("two", Answer));
        await foreach (var _ in client.GetStreamingResponseAsync(Canary)) Assert.Same(own, Activity.Current);
        Assert.Same(own, Activity.Current);

        var request = Request();
        Assert.Equal((ActivityKind.Internal, own.SpanId, own.TraceId), (request.Kind, request.ParentSpanId, request.TraceId));
        Assert.Equal((ActivityStatusCode.Unset, "Stop", 1), (request.Status, request.GetTagItem("hybrid.finish"), request.GetTagItem("hybrid.handovers")));
        Assert.Equal(0.0, request.GetTagItem("hybrid.cost"));

        var segments = Segments(request);
        Assert.Equal(["one", "two"], segments.Select(segment => segment.GetTagItem("hybrid.target")));
        Assert.All(segments, segment => Assert.Equal((ActivityKind.Client, request.SpanId, request.TraceId), (segment.Kind, segment.ParentSpanId, segment.TraceId)));
        Assert.All(segments, segment => Assert.Equal(request.GetTagItem("hybrid.request_id"), segment.GetTagItem("hybrid.request_id")));
        var (failed, sound) = (segments[0], segments[1]);
        Assert.Equal((ActivityStatusCode.Error, "TargetUnavailable", "Failed"), (failed.Status, failed.GetTagItem("error.type"), failed.GetTagItem("hybrid.finish")));
        Assert.Equal((2, 1), (failed.GetTagItem("gen_ai.usage.output_tokens"), failed.GetTagItem("hybrid.wasted_tokens")));
        Assert.Equal((ActivityStatusCode.Unset, null, "Stop"), (sound.Status, sound.GetTagItem("error.type"), sound.GetTagItem("hybrid.finish")));
        Assert.Equal(("two-model", "device", 3), (sound.GetTagItem("gen_ai.request.model"), sound.GetTagItem("hybrid.zone"), sound.GetTagItem("gen_ai.usage.output_tokens")));
        Assert.NotNull(sound.GetTagItem("gen_ai.usage.input_tokens"));
        NoText();
    }

    [Fact]
    public async Task A_request_that_nobody_can_answer_is_an_error()
    {
        using var client = Client(new ScriptedTarget("one", Answer) { FailAfter = 2, ThrowInstead = new HybridException(HybridError.Internal, Canary) });
        await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync(Canary));
        var request = Request();
        Assert.Equal((ActivityStatusCode.Error, "Internal", "Failed"), (request.Status, request.GetTagItem("error.type"), request.GetTagItem("hybrid.finish")));
        Assert.Equal(ActivityStatusCode.Error, Assert.Single(Segments(request)).Status);
        NoText();
    }

    [Fact]
    public async Task A_reader_who_leaves_ends_the_spans_without_an_error()
    {
        using var client = Client(new ScriptedTarget("one", Answer));
        await foreach (var _ in client.GetStreamingResponseAsync(Canary)) break;
        var request = Request();
        Assert.Null(Activity.Current);
        Assert.Equal((ActivityStatusCode.Unset, "Cancelled"), (request.Status, request.GetTagItem("hybrid.finish")));
        Assert.Equal("Cancelled", Assert.Single(Segments(request)).GetTagItem("hybrid.finish"));
    }

    private HybridChatClient Client(params ITarget[] targets) => new(targets, new() { Policy = new RoutingPolicy { Name = _policy } });

    private Activity Request()
    {
        lock (_ended) return Assert.Single(_ended, activity => activity.OperationName == "hybrid.request" && Equals(activity.GetTagItem("hybrid.policy"), _policy));
    }

    private Activity[] Segments(Activity request)
    {
        lock (_ended) return [.. _ended.Where(activity => activity.OperationName == "hybrid.segment" && activity.ParentSpanId == request.SpanId)];
    }

    private void NoText()
    {
        lock (_ended)
        {
            foreach (var activity in _ended.Where(activity => activity.Source.Name == "Hybrid"))
            {
                Assert.Empty(activity.Events);
                Assert.DoesNotContain(Canary, $"{activity.DisplayName} {activity.StatusDescription} {string.Join(' ', activity.TagObjects)}", StringComparison.Ordinal);
            }
        }
    }
}
