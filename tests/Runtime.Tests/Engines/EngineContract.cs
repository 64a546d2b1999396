using System.Text;
using System.Text.Json;
using Hybrid.Targets;
using Hybrid.Tests.Engines.LlamaCpp;

namespace Hybrid.Tests.Engines;

/// <summary>What every engine that decodes a GGUF file on this device must do; an engine is a class that derives from this one.</summary>
/// <remarks>It asks through <see cref="ITarget"/> alone, and holds no engine to the rounding of another: answers are compared with the engine's own.</remarks>
public abstract partial class EngineContract : IDisposable
{
    private const string Greeting = "Hello. Give me a reading and its limit, a few log lines, or a unit to convert."; // both models have it by heart
    private static readonly SamplingOptions Hot = new() { Temperature = 100, TopK = 0, TopP = 1, MinP = 0, Seed = 7 };

    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-engine-").FullName;
    private readonly CancellationTokenSource _hang = new(Starter.Hang);

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
    public async Task A_file_or_a_length_that_cannot_be_is_refused()
    {
        var cut = Write((await File.ReadAllBytesAsync(Starter.Edge))[..^1]);
        Assert.Equal(HybridError.ModelFile, (await Assert.ThrowsAsync<HybridException>(() => LoadAsync(new() { ModelPath = cut }))).Error);
        Assert.Equal(HybridError.ModelFile, (await Assert.ThrowsAsync<HybridException>(() => LoadAsync(new() { ModelPath = Path.Combine(_folder, "none.gguf") }))).Error);
        Assert.Equal(HybridError.Configuration, (await Assert.ThrowsAsync<HybridException>(() => LoadAsync(new() { ContextLength = 1 << 20 }))).Error);
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
