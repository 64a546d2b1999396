using System.Text;
using System.Text.Json;
using Hybrid.Targets;
using Hybrid.Tests.Engines.LlamaCpp;

namespace Hybrid.Tests.Engines;

/// <summary>What every engine that decodes a GGUF file on this device must do; an engine is a class that derives from this one.</summary>
/// <remarks>It asks through <see cref="ITarget"/> alone, and holds no engine to the rounding of another: answers are compared with the engine's own.</remarks>
public abstract class EngineContract : IDisposable
{
    private const string Greeting = "Hello. Give me a reading and its limit, a few log lines, or a unit to convert."; // both models have it by heart
    private static readonly SamplingOptions Hot = new() { Temperature = 100, TopK = 0, TopP = 1, MinP = 0, Seed = 7 };
    private static readonly string[] Questions =
    [
        "How do I check pump-3 that runs hot?", Starter.Question, "motor-12 does not start. Give me the steps.", "Explain what to do when valve-9 leaks.",
        "tank-4 loses pressure, what should I check?", "How do I check a boiler that leaks?", "crane-2 vibrates. Give me the steps.", "What are the steps when press-7 runs hot?",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-engine-").FullName;
    private readonly CancellationTokenSource _hang = new(TimeSpan.FromSeconds(120));

    /// <summary>Loads the engine under test, with one thread.</summary>
    protected abstract Task<ITarget> LoadAsync(EngineSetup setup);

    public void Dispose()
    {
        _hang.Dispose();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData("edge")]
    [InlineData("cloud")]
    public async Task A_chat_is_put_in_the_words_of_the_models_own_template(string name)
    {
        await using var engine = await LoadAsync(new() { ModelPath = name == "edge" ? Starter.Edge : Starter.Cloud });
        var answer = await engine.AnswerAsync(Starter.Ask("hello"));
        Assert.Equal((Greeting, DecodeFinish.Stop), (answer.Text, answer.Completion.Finish));
        Assert.NotEqual(Greeting, (await engine.AnswerAsync(Starter.Ask("") with { Prompt = new TextPrompt("hello") })).Text);
    }

    [Fact]
    public async Task Another_template_in_the_file_is_heeded()
    {
        const string Deaf = "{{ '<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n' }}";
        await using var engine = await LoadAsync(new() { ModelPath = Write(GgufTemplate.Set(await File.ReadAllBytesAsync(Starter.Edge), Deaf)) });
        Assert.Equal(Greeting, (await engine.AnswerAsync(Starter.Ask("What can you do?"))).Text);
    }

    [Fact]
    public async Task A_model_without_a_template_takes_text_and_no_chat()
    {
        await using var engine = await LoadAsync(new() { ModelPath = Write(GgufTemplate.Set(await File.ReadAllBytesAsync(Starter.Edge), null)) });
        Assert.False(engine.Descriptor.Capabilities.HasFlag(TargetCapabilities.Chat));
        await RefusesAsync(engine, HybridError.InvalidRequest, Starter.Ask("hello"));
        Assert.NotEmpty((await engine.AnswerAsync(Starter.Ask("") with { Prompt = new TextPrompt("How") })).Text);
    }

    [Fact]
    public async Task Control_tokens_that_somebody_types_are_text()
    {
        await using var engine = await LoadAsync(new());
        var typed = string.Concat(Enumerable.Repeat("<|im_end|>", 10));
        var plain = await PromptTokensAsync(engine, Starter.Ask("x"));
        Assert.InRange(await PromptTokensAsync(engine, Starter.Ask(typed)) - plain, 30, 100);
        Assert.InRange(await PromptTokensAsync(engine, Starter.Ask("") with { Prompt = new MessagesPrompt([new("user" + typed, "x")]) }) - plain, 30, 100);
        Assert.InRange(await PromptTokensAsync(engine, Starter.Ask("x") with { Continuation = typed }) - plain, 30, 100);
        Assert.InRange(await PromptTokensAsync(engine, Starter.Ask("") with { Prompt = new TextPrompt(typed) }), 30, 100);
        Assert.InRange(await PromptTokensAsync(engine, Starter.Ask("") with { Prompt = new TokensPrompt(new[] { 300 }), Continuation = typed }), 31, 101);
    }

    [Fact]
    public async Task The_last_update_alone_completes_and_counts_what_was_decoded()
    {
        await using var engine = await LoadAsync(new());
        var answer = await engine.AnswerAsync(Starter.Ask(Starter.Question, 400));
        var seen = 0;
        Assert.All(answer.Updates.SkipLast(1), update => Assert.Null(update.Completion));
        foreach (var update in answer.Updates)
        {
            Assert.Equal(seen, update.TokenIndex);
            seen += update.TokenCount;
        }

        Assert.Equal(DecodeFinish.Stop, answer.Completion.Finish);
        Assert.Equal(seen, answer.Completion.OutputTokens);
        Assert.Equal(((ITokenCounter)engine).CountTokens([new("user", Starter.Question)]), answer.Completion.PromptTokens);
        Assert.True(answer.Completion.PrefillTime > TimeSpan.Zero && answer.Completion.DecodeTime > TimeSpan.Zero);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task MaxTokens_ends_with_length(int most)
    {
        await using var engine = await LoadAsync(new());
        var answer = await engine.AnswerAsync(Starter.Ask(Starter.Question, most));
        Assert.Equal((DecodeFinish.Length, most), (answer.Completion.Finish, answer.Completion.OutputTokens));
    }

    [Fact]
    public async Task Without_MaxTokens_a_full_context_ends_with_length()
    {
        await using var engine = await LoadAsync(new() { Slots = 2, ContextLength = 64 });
        foreach (var answer in await Task.WhenAll(engine.AnswerAsync(Starter.Endless), engine.AnswerAsync(Starter.Endless)))
        {
            Assert.Equal(DecodeFinish.Length, answer.Completion.Finish);
            Assert.Equal(engine.Descriptor.ContextLength, answer.Completion.PromptTokens + answer.Completion.OutputTokens);
        }
    }

    [Fact]
    public async Task Greedy_answers_repeat()
    {
        await using var engine = await LoadAsync(new());
        var first = await engine.AnswerAsync(Starter.Ask(Starter.Question));
        var second = await engine.AnswerAsync(Starter.Ask(Starter.Question));
        Assert.True(first.Completion.OutputTokens > 8, first.Text);
        Assert.Equal((first.Text, first.Completion.OutputTokens), (second.Text, second.Completion.OutputTokens));
        Assert.Equal(first.Tokens, second.Tokens); // of an engine that tells them
    }

    [Fact]
    public async Task A_seed_repeats_and_another_differs()
    {
        await using var engine = await LoadAsync(new());
        var request = Starter.Ask(Starter.Question, 24) with { Sampling = Hot with { Temperature = 5 } };
        var first = await engine.AnswerAsync(request);
        Assert.Equal(first.Text, (await engine.AnswerAsync(request)).Text);
        Assert.NotEqual(first.Text, (await engine.AnswerAsync(request with { Sampling = request.Sampling with { Seed = 43 } })).Text);
    }

    [Fact]
    public async Task Text_and_its_tokens_are_the_same_prompt()
    {
        await using var engine = await LoadAsync(new());
        var text = Starter.Ask("", 16) with { Prompt = new TextPrompt("AB") };
        var tokens = text with { Prompt = new TokensPrompt(new int[] { 'A', 'B' }) }; // a byte that is no part of a word is the token of its number
        Assert.Equal((await engine.AnswerAsync(text)).Text, (await engine.AnswerAsync(tokens)).Text);
    }

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

    [Theory]
    [InlineData(0)]
    [InlineData(13)]
    [InlineData(60)]
    public async Task A_stop_string_of_several_tokens_ends_the_answer_and_no_part_of_it_leaves(int at)
    {
        await using var engine = await LoadAsync(new());
        var whole = await engine.AnswerAsync(Starter.Ask(Starter.Question));
        var stop = whole.Text.Substring(at, 12);
        Assert.DoesNotContain(whole.Updates, update => update.Text.Contains(stop, StringComparison.Ordinal)); // else it would not be of several tokens
        var answer = await engine.AnswerAsync(Starter.Ask(Starter.Question) with { StopSequences = ["\u0001", stop] });
        Assert.Equal((whole.Text[..at], DecodeFinish.Stop), (answer.Text, answer.Completion.Finish));
        Assert.InRange(answer.Completion.OutputTokens, 1, whole.Completion.OutputTokens - 1);
    }

    [Fact]
    public async Task What_only_begins_like_a_stop_string_is_delivered()
    {
        await using var engine = await LoadAsync(new());
        var whole = (await engine.AnswerAsync(Starter.Ask(Starter.Question))).Text;
        var request = Starter.Ask(Starter.Question) with { StopSequences = [whole[10..22] + "\u0001", whole[^3..] + "\u0001"] };
        Assert.Equal(whole, (await engine.AnswerAsync(request)).Text);
        var cut = Starter.Ask(Starter.Question, 6);
        Assert.Equal((await engine.AnswerAsync(cut)).Text, (await engine.AnswerAsync(cut with { StopSequences = [whole[..60]] })).Text);
    }

    [Fact]
    public async Task Text_comes_in_whole_characters_whatever_bytes_the_tokens_hold()
    {
        // Hot enough that the byte tokens of a byte-level vocabulary come up, broken sequences among them.
        await using var engine = await LoadAsync(new());
        var answer = await engine.AnswerAsync(new() { Prompt = new TextPrompt("größer 🙂 "), Sampling = Hot, MaxTokens = 300 });
        var strict = new UTF8Encoding(false, throwOnInvalidBytes: true);
        Assert.All(answer.Updates, update => strict.GetBytes(update.Text));
        Assert.Contains(answer.Updates, update => update.TokenCount == 1 && update.Text.Length == 0);
    }

    [Fact]
    public async Task An_answer_that_is_cut_goes_on_as_it_would_have()
    {
        await using var engine = await LoadAsync(new());
        var whole = await engine.AnswerAsync(Starter.Ask(Starter.Question));
        for (var cut = 1; cut < whole.Updates.Count - 1; cut += 6)
        {
            var said = string.Concat(whole.Updates.Take(cut).Select(update => update.Text));
            var rest = await engine.AnswerAsync(Starter.Ask(Starter.Question, 64 - cut) with { Continuation = said });
            Assert.Equal(whole.Text, said + rest.Text);
            Assert.Equal(whole.Completion.PromptTokens + whole.Completion.OutputTokens, rest.Completion.PromptTokens + rest.Completion.OutputTokens);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_cut_in_the_middle_of_a_word_repeats_nothing(int characters)
    {
        await using var engine = await LoadAsync(new());
        var whole = (await engine.AnswerAsync(Starter.Ask(Starter.Question))).Text;
        var rest = await engine.AnswerAsync(Starter.Ask(Starter.Question) with { Continuation = whole[..characters] });
        Assert.DoesNotContain(whole[..12], rest.Text, StringComparison.Ordinal);
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
        using var cancel = new CancellationTokenSource();
        var unwanted = engine.AnswerAsync(Starter.Endless with { Prompt = new TokensPrompt(Enumerable.Repeat(300, 900).ToArray()) }, cancel.Token);
        await UntilAsync(() => engine.State.BusySlots == 1);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => unwanted);
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
    public async Task What_cannot_be_answered_is_refused_and_the_engine_serves_on()
    {
        await using var engine = await LoadAsync(new() { Slots = 1 });
        var ask = Starter.Ask("hello");
        var length = engine.Descriptor.ContextLength;
        await RefusesAsync(engine, HybridError.ContextExceeded, Starter.Ask(string.Concat(Enumerable.Repeat("pump ", 2000))), $"the context holds {length}");
        await RefusesAsync(engine, HybridError.ContextExceeded, ask with { Prompt = new TokensPrompt(new int[length]) }, $"{length} tokens");
        foreach (var prompt in (Prompt[])[new TextPrompt(""), new TokensPrompt(default), new MessagesPrompt([])])
            await RefusesAsync(engine, HybridError.InvalidRequest, ask with { Prompt = prompt });
        foreach (var token in (int[])[-1, 1 << 20])
            await RefusesAsync(engine, HybridError.InvalidRequest, ask with { Prompt = new TokensPrompt(new[] { token }) }, $"{token}");
        foreach (var sampling in (SamplingOptions[])[new() { Temperature = -1 }, new() { TopP = 2 }, new() { MinP = float.NaN }])
            await RefusesAsync(engine, HybridError.InvalidRequest, ask with { Sampling = sampling });
        await RefusesAsync(engine, HybridError.InvalidRequest, ask with { MaxTokens = 0 });
        await ServesAsync(engine);
    }

    [Fact]
    public async Task What_an_engine_does_not_say_it_can_is_refused_and_the_rest_is_done()
    {
        await using var engine = await LoadAsync(new() { Slots = 1 });
        var ask = Starter.Ask("hello", 40);
        DecodeRequest[] special =
        [
            ask with { LogProbabilities = 2 },
            ask with { Format = new JsonOutput() },
            ask with { Format = new GrammarOutput("root ::= [a-z]{4}") },
            ask with { Tools = [new("read_sensor", "Reads a sensor.", JsonElement.Parse("""{"type":"object"}"""))] },
        ];
        foreach (var request in special)
        {
            if (engine.Descriptor.Capabilities.HasFlag(request.Needs))
                Assert.InRange((await engine.AnswerAsync(request)).Completion.OutputTokens, 1, 40);
            else
                await RefusesAsync(engine, HybridError.InvalidRequest, request);
        }

        await ServesAsync(engine);
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

    [Fact]
    public async Task A_file_or_a_length_that_cannot_be_is_refused()
    {
        var cut = Write((await File.ReadAllBytesAsync(Starter.Edge))[..^1]);
        Assert.Equal(HybridError.ModelFile, (await Assert.ThrowsAsync<HybridException>(() => LoadAsync(new() { ModelPath = cut }))).Error);
        Assert.Equal(HybridError.ModelFile, (await Assert.ThrowsAsync<HybridException>(() => LoadAsync(new() { ModelPath = Path.Combine(_folder, "none.gguf") }))).Error);
        Assert.Equal(HybridError.Configuration, (await Assert.ThrowsAsync<HybridException>(() => LoadAsync(new() { ContextLength = 1 << 20 }))).Error);
    }

    /// <summary>Begins an answer and stops reading it, so that it keeps its slot.</summary>
    private async Task<IAsyncEnumerator<DecodeUpdate>> HoldAsync(ITarget engine, DecodeRequest? request = null)
    {
        var reader = engine.GenerateAsync(request ?? Starter.Endless, _hang.Token).GetAsyncEnumerator(_hang.Token);
        Assert.True(await reader.MoveNextAsync());
        return reader;
    }

    private async Task LeaveAsync(ITarget engine, int updates)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(_hang.Token);
        await using var reader = engine.GenerateAsync(Starter.Endless, cancel.Token).GetAsyncEnumerator(cancel.Token);
        var next = reader.MoveNextAsync().AsTask();
        for (var i = 0; i < updates && await next; i++)
            next = reader.MoveNextAsync().AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            while (await next)
                next = reader.MoveNextAsync().AsTask();
        });
    }

    private static async Task RefusesAsync(ITarget engine, HybridError error, DecodeRequest request, string words = "")
    {
        var refusal = await Assert.ThrowsAsync<HybridException>(() => engine.AnswerAsync(request));
        Assert.Equal(error, refusal.Error);
        Assert.Contains(words, refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>Whether the next one is served as if nothing had been, and nothing stays behind.</summary>
    private async Task ServesAsync(ITarget engine)
    {
        Assert.Equal(Greeting, (await engine.AnswerAsync(Starter.Ask("hello"))).Text);
        await IdleAsync(engine);
    }

    private Task IdleAsync(ITarget engine) => UntilAsync(() => engine.State is { BusySlots: 0, QueueLength: 0 });

    private async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            _hang.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private static async Task<int> PromptTokensAsync(ITarget engine, DecodeRequest request) =>
        (await engine.AnswerAsync(request with { MaxTokens = 1 })).Completion.PromptTokens;

    private string Write(byte[] model)
    {
        var path = Path.Combine(_folder, "model.gguf");
        File.WriteAllBytes(path, model);
        return path;
    }
}

/// <summary>How a test wants its engine.</summary>
public sealed record EngineSetup
{
    public string ModelPath { get; init; } = Starter.Edge;

    public int Slots { get; init; } = 4;

    public int Queue { get; init; } = 64;

    public int? ContextLength { get; init; }

    public TimeProvider? Time { get; init; }
}
