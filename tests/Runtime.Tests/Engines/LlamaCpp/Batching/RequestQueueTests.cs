using Hybrid.Engines.LlamaCpp.Batching;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.LlamaCpp.Batching;

public sealed class RequestQueueTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Priority_goes_first_then_the_nearest_deadline_then_arrival()
    {
        var queue = new RequestQueue(10, _time);
        var late = Add(queue, RequestPriority.Normal);
        var background = Add(queue, RequestPriority.Background);
        var urgent = Add(queue, RequestPriority.Normal, TimeSpan.FromSeconds(1));
        var person = Add(queue, RequestPriority.Interactive);
        Assert.Equal([person, urgent, late, background], TakeAll(queue));
    }

    [Fact]
    public void What_has_waited_long_is_promoted()
    {
        var queue = new RequestQueue(10, _time);
        var old = Add(queue, RequestPriority.Background);
        _time.Advance(TimeSpan.FromSeconds(21));
        var person = Add(queue, RequestPriority.Interactive);
        Assert.Equal([old, person], TakeAll(queue));
    }

    [Fact]
    public void A_request_that_must_wait_holds_back_those_behind_it_or_itself_alone()
    {
        var queue = new RequestQueue(10, _time);
        var (first, second) = (Add(queue, RequestPriority.Normal), Add(queue, RequestPriority.Normal));
        queue.Take(_ => null);
        Assert.Equal(2, queue.Count);
        queue.Take(sequence => sequence != first);
        Assert.Equal([first], TakeAll(queue));
        Assert.NotSame(first, second);
    }

    [Fact]
    public void A_full_queue_refuses_and_a_closed_one_gives_back_who_waits()
    {
        var queue = new RequestQueue(1, _time);
        var one = Add(queue, RequestPriority.Normal);
        Assert.Equal(HybridError.Busy, Assert.Throws<HybridException>(() => Add(queue, RequestPriority.Interactive)).Error);
        Assert.Equal([one], queue.Close());
        Assert.Equal(HybridError.TargetUnavailable, Assert.Throws<HybridException>(() => Add(queue, RequestPriority.Normal)).Error);
    }

    private Sequence Add(RequestQueue queue, RequestPriority priority, TimeSpan? deadline = null)
    {
        var request = new DecodeRequest { Prompt = new TextPrompt("x"), Priority = priority, Deadline = deadline is { } left ? _time.GetUtcNow() + left : null };
        var sequence = new Sequence([1], 10, request, 16, drafts: false, _time.GetTimestamp());
        queue.Add(sequence, freeSlots: 0);
        return sequence;
    }

    private static List<Sequence> TakeAll(RequestQueue queue)
    {
        var taken = new List<Sequence>();
        queue.Take(sequence =>
        {
            taken.Add(sequence);
            return true;
        });
        return taken;
    }
}
