using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.LlamaCpp;

[Collection("llama.cpp")]
public sealed class SchedulingTests
{
    private static readonly string[] Questions =
    [
        "How do I check pump-3 that runs hot?", Starter.Question, "motor-12 does not start. Give me the steps.", "Explain what to do when valve-9 leaks.",
        "tank-4 loses pressure, what should I check?", "How do I check a boiler that leaks?", "crane-2 vibrates. Give me the steps.", "What are the steps when press-7 runs hot?",
    ];

    [Fact]
    public async Task Eight_requests_over_four_slots_and_small_steps_each_get_their_lone_answer()
    {
        await using var engine = await Starter.LoadAsync(batchSize: 7);
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
        await using var engine = await Starter.LoadAsync(speculation: false); // a token is a step
        using var cancel = new CancellationTokenSource();
        var alone = await engine.AnswerAsync(Starter.Ask(Questions[0]));
        var (after, busyAfter, turns) = (0, -1, 0);
        var unwanted = Starter.Ask(Starter.Question, 400) with { OnToken = _ => { if (++after == 3) cancel.Cancel(); } };
        var observer = Starter.Ask(Questions[0]) with { OnToken = _ => { if (after >= 3 && busyAfter < 0 && ++turns == 2) busyAfter = engine.State.BusySlots; } };
        var cancelled = engine.AnswerAsync(unwanted, cancel.Token);
        var kept = await engine.AnswerAsync(observer);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(1, busyAfter);
        Assert.Equal(3, after);
        Assert.Equal(alone.Tokens, kept.Tokens);
    }

    [Fact]
    public async Task Cancelling_in_a_prefill_frees_the_slot_within_a_step_and_leaves_the_others_alone()
    {
        await using var engine = await Starter.LoadAsync(slots: 2, batchSize: 8, speculation: false); // a token is a step
        var alone = await engine.AnswerAsync(Starter.Ask(Questions[0]));
        using var cancel = new CancellationTokenSource();
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var added = new ManualResetEventSlim();
        var (tokens, sampled, busyBefore, busyAfter) = (0, 0, -1, -1);
        var observer = Starter.Ask(Questions[0]) with
        {
            OnToken = _ =>
            {
                tokens++;
                if (tokens == 1)
                {
                    began.SetResult();
                    added.Wait(Starter.Hang);
                }

                if (tokens == 4)
                {
                    busyBefore = engine.State.BusySlots;
                    cancel.Cancel();
                }

                if (tokens == 6)
                    busyAfter = engine.State.BusySlots;
            },
        };
        var running = engine.AnswerAsync(observer);
        await began.Task.WaitAsync(Starter.Hang); // else the long prompt may come first, and be prefilled before it
        var prompt = new TokensPrompt(Enumerable.Repeat(engine.Tokenize(" a")[0], 900).ToArray());
        var unwanted = engine.AnswerAsync(new() { Prompt = prompt, OnToken = _ => sampled++ }, cancel.Token);
        added.Set();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => unwanted);
        Assert.Equal(alone.Tokens, (await running).Tokens);
        Assert.Equal((2, 1, 0), (busyBefore, busyAfter, sampled));
        Assert.Equal(alone.Tokens, (await engine.AnswerAsync(Starter.Ask(Questions[0]))).Tokens);
    }

    [Fact]
    public async Task A_reader_that_stops_pauses_its_own_request_and_loses_nothing()
    {
        const int Undelivered = 256;
        await using var engine = await Starter.LoadAsync(slots: 2);
        using var hang = new CancellationTokenSource(Starter.Hang);
        var full = new TaskCompletionSource();
        var produced = new List<int>();
        var observed = Starter.Endless with { MaxTokens = 600, OnToken = token => { produced.Add(token); if (produced.Count == Undelivered) full.SetResult(); } };
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
    public async Task After_the_end_texts_are_neither_embedded_nor_parted()
    {
        var engine = await Starter.LoadAsync(slots: 1);
        await engine.EmbedAsync(["pump"], TestContext.Current.CancellationToken);
        await engine.DisposeAsync();
        Assert.Equal(HybridError.TargetUnavailable, (await Assert.ThrowsAsync<HybridException>(() => engine.EmbedAsync(["pump"]))).Error);
        Assert.Equal(HybridError.TargetUnavailable, Assert.Throws<HybridException>(() => engine.Tokenize("pump")).Error);
    }
}
