using Hybrid.Engines.Residency;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.Residency;

public class WaitingTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_busy_model_is_waited_for_in_the_order_of_arrival()
    {
        await using var shelf = new Shelf(100);
        var (a, b, c) = (shelf.Add("a", 100), shelf.Add("b", 80), shelf.Add("c", 20));
        var busy = await Shelf.OpenAsync(a);
        var (second, third) = (Shelf.OpenAsync(b), Shelf.OpenAsync(c));
        Assert.Equal(new(TargetReadiness.Warming, "waits for memory", QueueLength: 1), b.State);
        Assert.Equal(new(TargetReadiness.Warming, "waits for memory", QueueLength: 1), c.State);
        Assert.True(await busy.MoveNextAsync());
        await busy.DisposeAsync();
        await using var one = await second.WaitAsync(Hang);
        await using var other = await third.WaitAsync(Hang);
        Assert.Equal(["+a", "-a"], shelf.Events.Take(2));
        Assert.Equal(["+b", "+c"], shelf.Events.Skip(2).Order());
    }

    [Fact]
    public async Task A_smaller_one_does_not_overtake()
    {
        await using var shelf = new Shelf(100);
        var (a, b, c) = (shelf.Add("a", 60), shelf.Add("b", 60), shelf.Add("c", 40));
        var busy = await Shelf.OpenAsync(a);
        var second = Shelf.OpenAsync(b);
        var third = Shelf.ReadAsync(c);
        Assert.Equal("waits for memory", c.State.Reason);
        await busy.DisposeAsync();
        await using var stream = await second.WaitAsync(Hang);
        Assert.Equal("c12", await third.WaitAsync(Hang));
    }

    [Fact]
    public async Task A_cancel_while_waiting_leaves_the_line_and_unloads_nobody()
    {
        await using var shelf = new Shelf(100);
        var (a, b, c) = (shelf.Add("a", 60), shelf.Add("b", 60), shelf.Add("c", 40));
        await using var busy = await Shelf.OpenAsync(a);
        using var source = new CancellationTokenSource();
        var waiting = Shelf.ReadAsync(b, cancellationToken: source.Token);
        var behind = Shelf.ReadAsync(c);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Hang));
        Assert.Equal("c12", await behind.WaitAsync(Hang));
        Assert.Equal(TargetReadiness.Cold, b.State.Readiness);
        Assert.Equal(["+a", "+c"], shelf.Events);
    }

    [Fact]
    public async Task One_of_two_who_wait_for_a_model_may_go()
    {
        await using var shelf = new Shelf(100);
        var (a, b) = (shelf.Add("a", 100), shelf.Add("b", 100));
        var busy = await Shelf.OpenAsync(a);
        using var source = new CancellationTokenSource();
        var (gone, stays) = (Shelf.ReadAsync(b, cancellationToken: source.Token), Shelf.ReadAsync(b));
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone.WaitAsync(Hang));
        Assert.Equal(1, b.State.QueueLength);
        await busy.DisposeAsync();
        Assert.Equal("b12", await stays.WaitAsync(Hang));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_deadline_ends_the_wait(bool forRoom)
    {
        await using var shelf = new Shelf(100);
        var loading = new TaskCompletionSource();
        var (a, b) = (shelf.Add("a", 100), shelf.Add("b", forRoom ? 100 : 0, loading: loading.Task));
        await using var busy = await Shelf.OpenAsync(a);
        var waiting = Shelf.ReadAsync(b, deadline: shelf.Time.GetUtcNow() + TimeSpan.FromSeconds(5));
        Assert.Equal(TargetReadiness.Warming, b.State.Readiness);
        shelf.Time.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        Assert.Equal(1, b.State.QueueLength);
        shelf.Time.Advance(TimeSpan.FromTicks(1));
        var error = await Assert.ThrowsAsync<HybridException>(() => waiting.WaitAsync(Hang));
        Assert.Equal(HybridError.DeadlineExceeded, error.Error);
        Assert.Equal(forRoom ? TargetReadiness.Cold : TargetReadiness.Warming, b.State.Readiness);
        loading.SetResult();
    }

    [Fact]
    public async Task A_full_line_is_busy_and_a_loaded_model_is_not()
    {
        await using var shelf = new Shelf(100, queue: 2);
        var (a, b, c) = (shelf.Add("a", 100), shelf.Add("b", 100), shelf.Add("c", 100));
        var busy = await Shelf.OpenAsync(a);
        Task<string>[] waiting = [Shelf.ReadAsync(b), Shelf.ReadAsync(b)];
        foreach (var target in new[] { b, c })
            Assert.Equal(HybridError.Busy, (await Assert.ThrowsAsync<HybridException>(() => Shelf.ReadAsync(target))).Error);
        Assert.Equal("a12", await Shelf.ReadAsync(a));
        await busy.DisposeAsync();
        Assert.Equal(["b12", "b12"], await Task.WhenAll(waiting).WaitAsync(Hang));
    }

    [Fact]
    public async Task A_model_in_constant_use_makes_way_once_the_patience_of_another_is_over()
    {
        await using var shelf = new Shelf(100);
        var (a, b) = (shelf.Add("a", 100), shelf.Add("b", 100));
        var streams = new Queue<IAsyncEnumerator<DecodeUpdate>>([await Shelf.OpenAsync(a)]);
        var waiting = Shelf.ReadAsync(b);
        for (var second = 0; second < ResidentModels.Patience.TotalSeconds; second++)
        {
            streams.Enqueue(await Shelf.OpenAsync(a)); // never idle: the next begins before the last one ends
            await streams.Dequeue().DisposeAsync();
            shelf.Time.Advance(TimeSpan.FromSeconds(1));
        }

        var late = Shelf.ReadAsync(a);
        Assert.Equal(("waits for memory", "waits for memory"), (a.State.Reason, b.State.Reason));
        Assert.True(await streams.Peek().MoveNextAsync()); // what streams goes on
        Assert.Equal(["+a"], shelf.Events);
        await streams.Dequeue().DisposeAsync();
        Assert.Equal("b12", await waiting.WaitAsync(Hang));
        Assert.Equal("a12", await late.WaitAsync(Hang));
        Assert.Equal(["+a", "-a", "+b", "-b", "+a"], shelf.Events);
    }

    [Fact]
    public async Task Another_model_streams_while_one_loads_and_while_one_unloads()
    {
        await using var shelf = new Shelf(300);
        var (loading, unloading) = (new TaskCompletionSource(), new TaskCompletionSource());
        var (a, b, c) = (shelf.Add("a", 100), shelf.Add("b", 100, loading: loading.Task), shelf.Add("c", 100, TimeSpan.Zero, unloading: unloading.Task));
        await Shelf.ReadAsync(a);
        await Shelf.ReadAsync(c);
        var waiting = Shelf.ReadAsync(b);
        await Shelf.UntilAsync(() => shelf.Events.Contains("+b") && shelf.Events.Contains("-c"));
        Assert.Equal("a12", await Shelf.ReadAsync(a).WaitAsync(Hang));
        Assert.Equal(("loading", 300), (b.State.Reason, shelf.Models.ReservedBytes));
        loading.SetResult();
        unloading.SetResult();
        Assert.Equal("b12", await waiting.WaitAsync(Hang));
    }

    [Fact]
    public async Task Disposing_ends_streams_loads_and_waits()
    {
        var shelf = new Shelf(100);
        var (a, b, c) = (shelf.Add("a", 50), shelf.Add("b", 50, loading: new TaskCompletionSource().Task), shelf.Add("c", 50));
        await using var streaming = await Shelf.OpenAsync(a);
        var (loading, waiting) = (Shelf.ReadAsync(b), Shelf.ReadAsync(c));
        await shelf.DisposeAsync().AsTask().WaitAsync(Hang);
        await shelf.DisposeAsync().AsTask().WaitAsync(Hang);
        Task[] ends = [streaming.MoveNextAsync().AsTask(), loading, waiting, Shelf.ReadAsync(a)];
        foreach (var end in ends)
            Assert.Equal(HybridError.TargetUnavailable, (await Assert.ThrowsAsync<HybridException>(() => end.WaitAsync(Hang))).Error);
        Assert.All([a, b, c], target => Assert.Equal(TargetReadiness.Unavailable, target.State.Readiness));
        Assert.Equal(0, shelf.Models.ReservedBytes);
        Assert.Contains("-a", shelf.Events);
        Assert.Equal(HybridError.TargetUnavailable, Assert.Throws<HybridException>(() => shelf.Add("d", 1)).Error);
    }

    [Fact]
    public async Task Disposing_one_target_lets_the_next_one_in()
    {
        await using var shelf = new Shelf(100);
        var (a, b) = (shelf.Add("a", 100), shelf.Add("b", 100));
        await using var busy = await Shelf.OpenAsync(a);
        var waiting = Shelf.ReadAsync(b);
        await a.DisposeAsync();
        Assert.Equal("b12", await waiting.WaitAsync(Hang));
    }
}
