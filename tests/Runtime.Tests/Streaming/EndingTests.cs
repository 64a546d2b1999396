using Hybrid.Accounting;

namespace Hybrid.Tests.Streaming;

public class EndingTests
{
    private static readonly string[] Answer = ["one", " two", " three", " four"];
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task Cancelling_throws_closes_the_stream_and_starts_nothing_new()
    {
        using var source = new CancellationTokenSource();
        var a = new ScriptedTarget("a", Answer);
        var b = new ScriptedTarget("b", Answer);
        var conducting = new Conducting(_time, a, b);
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => conducting.RunAsync(null, piece =>
        {
            if (piece.Text == " two") source.Cancel();
        }, source.Token));
        Assert.Equal(source.Token, error.CancellationToken);
        Assert.Equal("one two", conducting.Text);
        Assert.True(a.Closed.Task.IsCompleted);
        Assert.Empty(b.Received);
        Assert.Equal(RequestFinish.Cancelled, conducting.Receipt.Finish);
        Assert.Equal(RequestFinish.Cancelled, conducting.Receipt.Segments.Single().Finish);
        Assert.Equal(2, conducting.Receipt.OutputTokens);
    }

    [Fact]
    public async Task A_fault_that_comes_with_the_cancelling_starts_nothing_new()
    {
        using var source = new CancellationTokenSource();
        var a = new ScriptedTarget("a", Answer) { FailAfter = 2, ThrowInstead = new HybridException(HybridError.TargetUnavailable, "gone"), OnToken = source.Cancel };
        var b = new ScriptedTarget("b", Answer);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new Conducting(_time, a, b).RunAsync(cancellationToken: source.Token));
        Assert.Empty(b.Received);
    }

    [Fact]
    public async Task Cancelling_ends_the_wait_for_a_target_that_does_not_heed_it()
    {
        using var source = new CancellationTokenSource();
        var a = new ScriptedTarget("a", Answer) { FailAfter = 1, HangsInstead = true };
        var running = new Conducting(_time, a).RunAsync(cancellationToken: source.Token);
        await a.Hanging.Task.WaitAsync(Conducting.Hang);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(Conducting.Hang));
    }

    [Fact]
    public async Task A_target_that_lets_go_late_is_still_closed()
    {
        using var source = new CancellationTokenSource();
        var release = new TaskCompletionSource();
        var a = new ScriptedTarget("a", Answer) { FailAfter = 1, HangsInstead = true, Release = release };
        var running = new Conducting(_time, a).RunAsync(cancellationToken: source.Token);
        await a.Hanging.Task.WaitAsync(Conducting.Hang);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(Conducting.Hang));
        Assert.False(a.Closed.Task.IsCompleted);
        release.SetResult();
        await a.Closed.Task.WaitAsync(Conducting.Hang);
    }

    [Fact]
    public async Task The_deadline_ends_a_target_that_hangs_and_asks_nobody_else()
    {
        var a = new ScriptedTarget("a", Answer) { FailAfter = 1, HangsInstead = true };
        var b = new ScriptedTarget("b", Answer);
        var conducting = new Conducting(_time, a, b);
        var running = conducting.RunAsync(Conducting.Request with { Deadline = _time.GetUtcNow() + TimeSpan.FromSeconds(5) });
        await a.Hanging.Task.WaitAsync(Conducting.Hang);
        _time.Advance(TimeSpan.FromSeconds(5));

        var error = await Assert.ThrowsAsync<HybridException>(() => running.WaitAsync(Conducting.Hang));
        Assert.Equal(HybridError.DeadlineExceeded, error.Error);
        Assert.Contains("target 'a' was answering", error.Message, StringComparison.Ordinal);
        Assert.Empty(b.Received);
        Assert.Equal("one", conducting.Text);
        Assert.Equal(RequestFinish.DeadlineExceeded, conducting.Receipt.Finish);
        Assert.Equal(TimeSpan.FromSeconds(5), conducting.Receipt.TotalTime);
    }

    [Fact]
    public async Task The_deadline_counts_over_all_attempts()
    {
        void Second() => _time.Advance(TimeSpan.FromSeconds(1));
        var a = new ScriptedTarget("a", Answer) { FailAfter = 2, OnToken = Second };
        var b = new ScriptedTarget("b", Answer) { OnToken = Second };
        var conducting = new Conducting(_time, a, b);
        var error = await Assert.ThrowsAsync<HybridException>(
            () => conducting.RunAsync(Conducting.Request with { Deadline = _time.GetUtcNow() + TimeSpan.FromSeconds(3.5) }));
        Assert.Equal(HybridError.DeadlineExceeded, error.Error);
        Assert.Equal("one two three", conducting.Text);
        Assert.Equal([RequestFinish.Failed, RequestFinish.DeadlineExceeded], conducting.Receipt.Segments.Select(segment => segment.Finish));
    }

    [Fact]
    public async Task A_deadline_that_has_passed_sends_nothing()
    {
        var a = new ScriptedTarget("a", Answer);
        var error = await Assert.ThrowsAsync<HybridException>(
            () => new Conducting(_time, a).RunAsync(Conducting.Request with { Deadline = _time.GetUtcNow() }));
        Assert.Equal(HybridError.DeadlineExceeded, error.Error);
        Assert.Empty(a.Received);
    }

    [Fact]
    public async Task A_reader_who_walks_away_closes_the_stream_and_is_accounted()
    {
        var a = new ScriptedTarget("a", Answer);
        var conducting = new Conducting(_time, a);
        await Assert.ThrowsAsync<InvalidDataException>(() => conducting.RunAsync(null, _ => throw new InvalidDataException()));
        Assert.True(a.Closed.Task.IsCompleted);
        Assert.Equal(RequestFinish.Cancelled, conducting.Receipt.Finish);
        Assert.Equal(1, conducting.Receipt.OutputTokens);
    }

    [Fact]
    public async Task The_receipt_times_and_prices_each_attempt()
    {
        void Tick() => _time.Advance(TimeSpan.FromSeconds(0.5));
        var a = new ScriptedTarget("a", Answer) { OnToken = Tick };
        a.Descriptor = a.Descriptor with { DollarsPerHour = 3600, ActiveWatts = 10, GramsPerKilowattHour = 360, DollarsPerMillionInputTokens = 1e5 };
        var receipt = (await new Conducting(_time, a).RunAsync()).Receipt;
        var segment = receipt.Segments.Single();

        Assert.Equal(TimeSpan.FromSeconds(0.5), segment.TimeToFirstToken);
        Assert.Equal(TimeSpan.FromSeconds(1.5), segment.DecodeTime);
        Assert.Equal(2, segment.TokensPerSecond, 9); // 3 tokens after the first in 1.5 s
        Assert.Equal(10, segment.InputTokens); // not reported: as estimated
        Assert.Equal(3, segment.Dollars, 9); // 2 s at $1 and 10 tokens at 10 cents
        Assert.Equal(20, segment.Joules, 9);
        Assert.Equal(0.002, segment.Grams, 9);
        Assert.Equal((3.0, 20.0), (receipt.Dollars, receipt.Joules));
        Assert.Equal(TimeSpan.FromSeconds(0.5), receipt.TimeToFirstToken);
        Assert.Equal(TimeSpan.FromSeconds(2), receipt.TotalTime);
    }

    [Fact]
    public async Task Only_the_last_piece_has_the_receipt()
    {
        var run = await new Conducting(_time, new ScriptedTarget("a", Answer)).RunAsync();
        Assert.All(run.Pieces.SkipLast(1), piece => Assert.Null(piece.Receipt));
        Assert.Same(run.Receipt, run.Pieces[^1].Receipt);
        Assert.DoesNotContain(" two", run.Receipt.ToJson(), StringComparison.Ordinal);
    }
}
