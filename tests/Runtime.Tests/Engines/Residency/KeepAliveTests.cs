using Hybrid.Targets;

namespace Hybrid.Tests.Engines.Residency;

public class KeepAliveTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private readonly Shelf _shelf = new(null);

    [Fact]
    public async Task An_idle_model_is_unloaded_after_its_time_and_loaded_again()
    {
        var a = _shelf.Add("a", 1, Minute);
        await Shelf.ReadAsync(a);
        _shelf.Time.Advance(Minute - TimeSpan.FromTicks(1));
        Assert.Equal(TargetReadiness.Warm, a.State.Readiness);
        _shelf.Time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(TargetReadiness.Cold, a.State.Readiness);
        Assert.Equal("a12", await Shelf.ReadAsync(a));
        Assert.Equal(["+a", "-a", "+a"], _shelf.Events);
    }

    [Fact]
    public async Task Each_request_begins_the_time_anew()
    {
        var a = _shelf.Add("a", 1, Minute);
        for (var i = 0; i < 5; i++)
        {
            await Shelf.ReadAsync(a);
            _shelf.Time.Advance(Minute * 0.75);
        }

        Assert.Equal(["+a"], _shelf.Events);
        _shelf.Time.Advance(Minute * 0.25);
        Assert.Equal(TargetReadiness.Cold, a.State.Readiness);
    }

    [Fact]
    public async Task A_model_that_streams_is_not_idle()
    {
        var a = _shelf.Add("a", 1, Minute);
        await Shelf.ReadAsync(a);
        var stream = await Shelf.OpenAsync(a);
        _shelf.Time.Advance(TimeSpan.FromHours(1));
        Assert.True(await stream.MoveNextAsync());
        Assert.Equal(["+a"], _shelf.Events);

        await stream.DisposeAsync();
        _shelf.Time.Advance(Minute - TimeSpan.FromTicks(1));
        Assert.Equal(TargetReadiness.Warm, a.State.Readiness);
        _shelf.Time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(TargetReadiness.Cold, a.State.Readiness);
    }

    [Fact]
    public async Task Zero_unloads_at_once_when_the_last_stream_ends()
    {
        var a = _shelf.Add("a", 1, TimeSpan.Zero);
        var first = await Shelf.OpenAsync(a);
        await Shelf.ReadAsync(a);
        Assert.Equal(TargetReadiness.Warm, a.State.Readiness);
        await first.DisposeAsync();
        Assert.Equal(TargetReadiness.Cold, a.State.Readiness);
        Assert.Equal("a12", await Shelf.ReadAsync(a));
        await Shelf.UntilAsync(() => _shelf.Events.Count == 4);
        Assert.Equal(["+a", "-a", "+a", "-a"], _shelf.Events);
    }

    [Fact]
    public async Task Null_keeps_it_for_ever()
    {
        var a = _shelf.Add("a", 1);
        await Shelf.ReadAsync(a);
        _shelf.Time.Advance(TimeSpan.FromDays(1000));
        Assert.Equal(TargetReadiness.Warm, a.State.Readiness);
    }

    [Fact]
    public async Task A_model_that_nobody_waits_for_any_more_is_idle_from_its_load_on()
    {
        var loading = new TaskCompletionSource();
        var a = _shelf.Add("a", 1, Minute, loading: loading.Task);
        using var source = new CancellationTokenSource();
        var gone = Shelf.ReadAsync(a, cancellationToken: source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        loading.SetResult();
        await Shelf.UntilAsync(() => a.State.Readiness == TargetReadiness.Warm);
        _shelf.Time.Advance(Minute);
        Assert.Equal(TargetReadiness.Cold, a.State.Readiness);
    }

    [Fact]
    public void A_time_below_zero_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => _shelf.Add("a", 1, -Minute));
}
