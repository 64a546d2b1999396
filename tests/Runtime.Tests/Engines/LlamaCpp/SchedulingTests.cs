using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.LlamaCpp;

[Collection("llama.cpp")]
public sealed class SchedulingTests(SharedEngine shared)
{
    private static readonly string[] Questions =
    [
        "How do I check pump-3 that runs hot?", Starter.Question, "motor-12 does not start. Give me the steps.", "Explain what to do when valve-9 leaks.",
        "tank-4 loses pressure, what should I check?", "How do I check a boiler that leaks?", "crane-2 vibrates. Give me the steps.", "What are the steps when press-7 runs hot?",
    ];

    [Theory]
    [InlineData(512)]
    [InlineData(7)]
    public async Task Eight_requests_over_four_slots_each_get_their_lone_answer(int batchSize)
    {
        await using var engine = await Starter.LoadAsync(batchSize: batchSize);
        var alone = new List<Answer>();
        foreach (var question in Questions)
            alone.Add(await engine.AnswerAsync(Starter.Ask(question)));
        var together = await Task.WhenAll(Questions.Select(question => Task.Run(() => engine.AnswerAsync(Starter.Ask(question)))));
        Assert.Equal(alone.Select(answer => answer.Text), together.Select(answer => answer.Text));
        for (var i = 0; i < Questions.Length; i++)
            Assert.Equal(alone[i].Tokens, together[i].Tokens);
    }

    [Fact]
    public async Task Cancelling_while_it_decodes_frees_the_slot_within_a_step()
    {
        using var cancel = new CancellationTokenSource();
        var alone = await shared.Engine.AnswerAsync(Starter.Ask(Questions[0]));
        var (after, busyAfter, turns) = (0, -1, 0);
        var unwanted = Starter.Ask(Starter.Question, 400) with { OnToken = _ => { if (++after == 3) cancel.Cancel(); } };
        var observer = Starter.Ask(Questions[0]) with { OnToken = _ => { if (after >= 3 && busyAfter < 0 && ++turns == 2) busyAfter = shared.Engine.State.BusySlots; } };
        var cancelled = shared.Engine.AnswerAsync(unwanted, cancel.Token);
        var kept = await shared.Engine.AnswerAsync(observer);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(1, busyAfter);
        Assert.Equal(3, after);
        Assert.Equal(alone.Tokens, kept.Tokens);
    }

    [Fact]
    public async Task Cancelling_in_a_prefill_frees_the_slot_within_a_step_and_leaves_the_others_alone()
    {
        await using var engine = await Starter.LoadAsync(slots: 2, batchSize: 8);
        var alone = await engine.AnswerAsync(Starter.Ask(Questions[0]));
        using var cancel = new CancellationTokenSource();
        using var added = new ManualResetEventSlim();
        var (tokens, sampled, busyBefore, busyAfter) = (0, 0, -1, -1);
        var observer = Starter.Ask(Questions[0]) with
        {
            OnToken = _ =>
            {
                tokens++;
                if (tokens == 1)
                    added.Wait(TimeSpan.FromSeconds(60));
                if (tokens == 4)
                {
                    busyBefore = engine.State.BusySlots;
                    cancel.Cancel();
                }

                if (tokens == 6)
                    busyAfter = engine.State.BusySlots;
            },
        };
        var running = Task.Run(() => engine.AnswerAsync(observer));
        var prompt = new TokensPrompt(Enumerable.Repeat(engine.Tokenize(" a")[0], 900).ToArray());
        var unwanted = engine.AnswerAsync(new() { Prompt = prompt, OnToken = _ => sampled++ }, cancel.Token);
        added.Set();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => unwanted);
        Assert.Equal(alone.Tokens, (await running).Tokens);
        Assert.Equal((2, 1, 0), (busyBefore, busyAfter, sampled));
        Assert.Equal(alone.Tokens, (await engine.AnswerAsync(Starter.Ask(Questions[0]))).Tokens);
    }

    [Fact]
    public async Task A_full_queue_refuses_with_busy_and_a_cancelled_waiter_makes_room()
    {
        await using var engine = await Starter.LoadAsync(slots: 1, queue: 1);
        using var gate = new ManualResetEventSlim();
        using var leave = new CancellationTokenSource();
        var reached = new TaskCompletionSource();
        var first = engine.AnswerAsync(Starter.Ask(Questions[0]) with { OnToken = _ => { reached.TrySetResult(); gate.Wait(TimeSpan.FromSeconds(60)); } });
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(60));
        var second = engine.AnswerAsync(Starter.Ask(Questions[1]), leave.Token);
        Assert.Equal((1, 1, 1), (engine.State.QueueLength, engine.State.BusySlots, engine.State.Slots));
        var error = await Assert.ThrowsAsync<HybridException>(() => engine.AnswerAsync(Starter.Ask(Questions[2])));
        Assert.Equal(HybridError.Busy, error.Error);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.Equal(0, engine.State.QueueLength);
        var third = engine.AnswerAsync(Starter.Ask(Questions[2]));
        gate.Set();
        Assert.NotEmpty((await first).Text);
        Assert.NotEmpty((await third).Text);
    }

    [Fact]
    public async Task A_deadline_ends_the_stream_and_frees_the_slot_though_nobody_reads()
    {
        var time = new ManualTimeProvider();
        await using var engine = await Starter.LoadAsync(slots: 1, time: time);
        var endless = new DecodeRequest { Prompt = new TextPrompt("a"), Sampling = Endless, Deadline = time.GetUtcNow() + TimeSpan.FromSeconds(5) };
        await using var reader = engine.GenerateAsync(endless, TestContext.Current.CancellationToken).GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.NotEmpty((await engine.AnswerAsync(Starter.Ask(Starter.Question))).Text);
        var error = await Assert.ThrowsAsync<HybridException>(async () =>
        {
            while (await reader.MoveNextAsync())
                Assert.Null(reader.Current.Completion);
        });
        Assert.Equal(HybridError.DeadlineExceeded, error.Error);
    }

    [Fact]
    public async Task A_deadline_that_has_passed_or_lies_ages_away_is_understood()
    {
        var time = new ManualTimeProvider();
        await using var engine = await Starter.LoadAsync(slots: 1, time: time);
        var error = await Assert.ThrowsAsync<HybridException>(() => engine.AnswerAsync(Starter.Ask(Starter.Question) with { Deadline = time.GetUtcNow() }));
        Assert.Equal(HybridError.DeadlineExceeded, error.Error);
        Assert.NotEmpty((await engine.AnswerAsync(Starter.Ask(Starter.Question) with { Deadline = DateTimeOffset.MaxValue })).Text);
    }

    [Fact]
    public async Task A_reader_that_stops_pauses_its_own_request_and_loses_nothing()
    {
        const int Undelivered = 256;
        await using var engine = await Starter.LoadAsync(slots: 2);
        using var hang = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var full = new TaskCompletionSource();
        var produced = new List<int>();
        var request = new DecodeRequest { Prompt = new TextPrompt("a"), Sampling = Endless with { Seed = 0 }, MaxTokens = 600 };
        var whole = await engine.AnswerAsync(request);
        for (var seed = 1; whole.Tokens.Count <= Undelivered + 50 && seed < 100; seed++)
        {
            // Where an answer drawn at random ends is the model's affair: the first seed whose answer is long enough.
            request = request with { Sampling = Endless with { Seed = seed } };
            whole = await engine.AnswerAsync(request);
        }

        Assert.True(whole.Tokens.Count > Undelivered + 50, "No answer is long enough to fill the channel.");
        var observed = request with { OnToken = token => { produced.Add(token); if (produced.Count == Undelivered) full.SetResult(); } };
        await using var slow = engine.GenerateAsync(observed, hang.Token).GetAsyncEnumerator();
        Assert.True(await slow.MoveNextAsync());
        var text = slow.Current.Text;
        await full.Task.WaitAsync(hang.Token);
        for (var i = 0; i < 3; i++)
            Assert.NotEmpty((await engine.AnswerAsync(Starter.Ask(Questions[i]))).Text);
        Assert.InRange(produced.Count, Undelivered, Undelivered + 20);
        while (await slow.MoveNextAsync())
            text += slow.Current.Text;
        Assert.True(produced.Count > Undelivered + 20, "The request did not go on.");
        Assert.Equal(engine.Detokenize(produced), text);
    }

    [Fact]
    public async Task Disposing_ends_running_and_waiting_streams_with_an_error()
    {
        var engine = await Starter.LoadAsync(slots: 1);
        var reached = new TaskCompletionSource();
        using var go = new ManualResetEventSlim();
        var running = engine.AnswerAsync(new()
        {
            Prompt = new TextPrompt("a"),
            Sampling = Endless,
            OnToken = _ =>
            {
                reached.TrySetResult();
                go.Wait();
            },
        });
        var waiting = engine.AnswerAsync(Starter.Ask(Starter.Question));
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(60));
        var disposing = engine.DisposeAsync();
        go.Set();
        await disposing;
        await engine.DisposeAsync();
        Assert.Equal(HybridError.TargetUnavailable, (await Assert.ThrowsAsync<HybridException>(() => running)).Error);
        Assert.Equal(HybridError.TargetUnavailable, (await Assert.ThrowsAsync<HybridException>(() => waiting)).Error);
        Assert.Equal(TargetReadiness.Unavailable, engine.State.Readiness);
    }

    [Fact]
    public async Task After_the_end_every_call_is_an_error_and_none_a_crash()
    {
        var engine = await Starter.LoadAsync(slots: 1);
        await engine.EmbedAsync(["pump"], TestContext.Current.CancellationToken);
        await engine.DisposeAsync();
        Assert.Equal(HybridError.TargetUnavailable, (await Assert.ThrowsAsync<HybridException>(() => engine.AnswerAsync(Starter.Ask("?")))).Error);
        Assert.Equal(HybridError.TargetUnavailable, (await Assert.ThrowsAsync<HybridException>(() => engine.EmbedAsync(["pump"]))).Error);
        Assert.Equal(HybridError.TargetUnavailable, Assert.Throws<HybridException>(() => engine.Tokenize("pump")).Error);
        Assert.Equal(HybridError.TargetUnavailable, Assert.Throws<HybridException>(() => engine.CountTokens([new("user", "?")])).Error);
    }

    // Nearly even odds for every token: the few that end an answer hardly ever come up. The seed is one where none does.
    private static SamplingOptions Endless { get; } = new() { Temperature = 100, TopK = 0, TopP = 1, MinP = 0, Seed = 4 };
}
