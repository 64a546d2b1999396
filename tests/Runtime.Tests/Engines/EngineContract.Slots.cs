using Hybrid.Targets;
using Hybrid.Tests.Engines.LlamaCpp;

namespace Hybrid.Tests.Engines;

/// <content>Who is served when several ask, and what comes free when somebody leaves.</content>
public abstract partial class EngineContract
{
    private static readonly string[] Questions =
    [
        "How do I check pump-3 that runs hot?", Starter.Question, "motor-12 does not start. Give me the steps.", "Explain what to do when valve-9 leaks.",
        "tank-4 loses pressure, what should I check?", "How do I check a boiler that leaks?", "crane-2 vibrates. Give me the steps.", "What are the steps when press-7 runs hot?",
    ];

    [Fact]
    public async Task Eight_requests_over_four_slots_each_get_their_lone_answer_though_others_leave()
    {
        await using var engine = await LoadAsync(new());
        var alone = new List<string>();
        foreach (var question in Questions)
            alone.Add((await engine.AnswerAsync(Starter.Ask(question))).Text);
        Task<string>[] asked = [.. Questions.Select(question => Task.Run(async () => (await engine.AnswerAsync(Starter.Ask(question))).Text))];
        foreach (var updates in (int[])[0, 1, 5, 20])
            await LeaveAsync(engine, updates);
        Assert.Equal(alone, await Task.WhenAll(asked));
        await IdleAsync(engine);
    }

    [Fact]
    public async Task Who_cancelled_before_is_not_served_and_others_are()
    {
        await using var engine = await LoadAsync(new() { Slots = 1 });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => engine.AnswerAsync(Starter.Endless, new CancellationToken(canceled: true)));
        await ServesAsync(engine);
    }

    [Fact]
    public async Task Cancelling_in_a_prefill_frees_the_slot()
    {
        await using var engine = await LoadAsync(new() { ModelPath = Starter.Cloud, Slots = 1 });
        await LeaveAsync(engine, updates: 0, Starter.Endless with { Prompt = new TokensPrompt(Enumerable.Repeat(300, 700).ToArray()) });
        await ServesAsync(engine);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cancelling_or_leaving_in_mid_stream_frees_the_slot(bool cancels)
    {
        await using var engine = await LoadAsync(new() { Slots = 1 });
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(_hang.Token);
        await using (var reader = engine.GenerateAsync(Starter.Endless, cancel.Token).GetAsyncEnumerator(cancel.Token))
        {
            for (var i = 0; i < 3; i++)
                Assert.True(await reader.MoveNextAsync());
            Assert.Equal((1, 1), (engine.State.BusySlots, engine.State.Slots));
            if (cancels)
            {
                await cancel.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reader.MoveNextAsync().AsTask());
            }
        }

        await ServesAsync(engine);
    }

    [Fact]
    public async Task A_full_queue_refuses_with_busy_and_a_cancelled_waiter_makes_room()
    {
        await using var engine = await LoadAsync(new() { Slots = 1, Queue = 1 });
        using var leave = new CancellationTokenSource();
        var first = await HoldAsync(engine);
        var second = engine.AnswerAsync(Starter.Ask(Questions[1]), leave.Token);
        Assert.Equal((1, 1, 1), (engine.State.QueueLength, engine.State.BusySlots, engine.State.Slots));
        await RefusesAsync(engine, HybridError.Busy, Starter.Ask(Questions[2]));
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.Equal(0, engine.State.QueueLength);
        var third = engine.AnswerAsync(Starter.Ask(Questions[2]));
        Assert.Equal(1, engine.State.QueueLength);
        await first.DisposeAsync();
        Assert.NotEmpty((await third).Text);
    }

    [Fact]
    public async Task Who_is_more_urgent_goes_first_and_equals_in_the_order_they_came()
    {
        await using var engine = await LoadAsync(new() { Slots = 1 });
        var running = await HoldAsync(engine);
        RequestPriority[] came = [RequestPriority.Background, RequestPriority.Normal, RequestPriority.Interactive, RequestPriority.Normal, RequestPriority.Interactive];
        var readers = came.Select(priority => engine.GenerateAsync(Starter.Endless with { Priority = priority }, _hang.Token).GetAsyncEnumerator(_hang.Token)).ToList();
        var first = readers.Select(reader => reader.MoveNextAsync().AsTask()).ToList();
        Assert.Equal(came.Length, engine.State.QueueLength);
        List<Task> left = [];
        await running.DisposeAsync();
        foreach (var next in (int[])[2, 4, 1, 3, 0])
        {
            Assert.Same(first[next], await Task.WhenAny(first.Where(task => !left.Contains(task)))); // it keeps the slot until it leaves
            Assert.True(await first[next]);
            left.Add(first[next]);
            await readers[next].DisposeAsync();
        }
    }

    [Fact]
    public async Task A_deadline_ends_the_stream_and_frees_the_slot_though_nobody_reads()
    {
        var time = new ManualTimeProvider();
        await using var engine = await LoadAsync(new() { Slots = 1, Time = time });
        await using var reader = await HoldAsync(engine, Starter.Endless with { Deadline = time.GetUtcNow() + TimeSpan.FromSeconds(5) });
        var waiting = engine.AnswerAsync(Starter.Ask("x") with { Deadline = time.GetUtcNow() + TimeSpan.FromSeconds(4) });
        time.Advance(TimeSpan.FromSeconds(6));
        await ServesAsync(engine);
        var error = await Assert.ThrowsAsync<HybridException>(async () =>
        {
            while (await reader.MoveNextAsync())
                Assert.Null(reader.Current.Completion);
        });
        Assert.Equal(HybridError.DeadlineExceeded, error.Error);
        Assert.Equal(HybridError.DeadlineExceeded, (await Assert.ThrowsAsync<HybridException>(() => waiting)).Error);
    }

    [Fact]
    public async Task A_deadline_that_has_passed_or_lies_ages_away_is_understood()
    {
        var time = new ManualTimeProvider();
        await using var engine = await LoadAsync(new() { Slots = 1, Time = time });
        await RefusesAsync(engine, HybridError.DeadlineExceeded, Starter.Ask("hello") with { Deadline = time.GetUtcNow() });
        Assert.Equal(Greeting, (await engine.AnswerAsync(Starter.Ask("hello") with { Deadline = DateTimeOffset.MaxValue })).Text);
    }

    [Fact]
    public async Task A_reader_that_stops_pauses_its_own_request_and_loses_nothing()
    {
        await using var engine = await LoadAsync(new() { Slots = 2 });
        var request = Starter.Endless with { MaxTokens = 500 }; // more than an engine keeps for its reader
        var whole = await engine.AnswerAsync(request);
        Assert.Equal(500, whole.Completion.OutputTokens);
        await using var slow = await HoldAsync(engine, request);
        var text = slow.Current.Text;
        foreach (var question in Questions.Take(3))
            Assert.NotEmpty((await engine.AnswerAsync(Starter.Ask(question))).Text);
        while (await slow.MoveNextAsync())
            text += slow.Current.Text;
        Assert.Equal(whole.Text, text);
    }

    [Fact]
    public async Task Disposing_ends_running_and_waiting_streams_and_every_later_call_with_an_error()
    {
        var engine = await LoadAsync(new() { Slots = 1 });
        await using var running = await HoldAsync(engine);
        var waiting = engine.AnswerAsync(Starter.Ask(Starter.Question));
        await engine.DisposeAsync().AsTask().WaitAsync(_hang.Token);
        await engine.DisposeAsync();
        var error = await Assert.ThrowsAsync<HybridException>(async () =>
        {
            while (await running.MoveNextAsync())
                Assert.Null(running.Current.Completion);
        });
        Assert.Equal(HybridError.TargetUnavailable, error.Error);
        Assert.Equal(HybridError.TargetUnavailable, (await Assert.ThrowsAsync<HybridException>(() => waiting)).Error);
        Assert.Equal(TargetReadiness.Unavailable, engine.State.Readiness);
        await RefusesAsync(engine, HybridError.TargetUnavailable, Starter.Ask("?"));
        Assert.Equal(HybridError.TargetUnavailable, Assert.Throws<HybridException>(() => ((ITokenCounter)engine).CountTokens([new("user", "?")])).Error);
    }

    /// <summary>Begins an answer and stops reading it, so that it keeps its slot.</summary>
    private async Task<IAsyncEnumerator<DecodeUpdate>> HoldAsync(ITarget engine, DecodeRequest? request = null)
    {
        var reader = engine.GenerateAsync(request ?? Starter.Endless, _hang.Token).GetAsyncEnumerator(_hang.Token);
        Assert.True(await reader.MoveNextAsync());
        return reader;
    }

    /// <summary>Asks, and cancels once it is being decoded and so many updates were read.</summary>
    private async Task LeaveAsync(ITarget engine, int updates, DecodeRequest? request = null)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(_hang.Token);
        await using var reader = engine.GenerateAsync(request ?? Starter.Endless, cancel.Token).GetAsyncEnumerator(cancel.Token);
        var next = reader.MoveNextAsync().AsTask();
        for (var i = 0; i < updates && await next; i++)
            next = reader.MoveNextAsync().AsTask();
        await UntilAsync(() => engine.State.BusySlots > 0);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            while (await next)
                next = reader.MoveNextAsync().AsTask();
        });
    }
}
