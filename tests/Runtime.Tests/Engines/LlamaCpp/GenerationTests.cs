using System.Text;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.LlamaCpp;

[Collection("llama.cpp")]
public sealed class GenerationTests(SharedEngine shared)
{
    private LlamaEngine Engine => shared.Engine;

    [Theory]
    [InlineData("")]
    [InlineData(" pump-3 reads 91 °C\n\n  漢字 🙂 <|im_end|>")]
    public void A_text_comes_back_from_its_tokens(string text) =>
        Assert.Equal(text, shared.Engine.Detokenize(shared.Engine.Tokenize(text)));

    [Fact]
    public void A_token_outside_the_vocabulary_has_no_text() =>
        Assert.Equal(HybridError.InvalidRequest, Assert.Throws<HybridException>(() => shared.Engine.Detokenize([1 << 20])).Error);

    [Fact]
    public async Task Greedy_answers_repeat_token_for_token()
    {
        var first = await Engine.AnswerAsync(Starter.Ask(Starter.Question));
        var second = await Engine.AnswerAsync(Starter.Ask(Starter.Question));
        Assert.True(first.Tokens.Count > 8, first.Text);
        Assert.Equal(first.Tokens, second.Tokens);
        Assert.Equal(first.Text, second.Text);
    }

    [Fact]
    public async Task A_seed_repeats_and_another_differs()
    {
        var sampling = new SamplingOptions { Temperature = 5, TopK = 0, TopP = 1, MinP = 0, Seed = 42 };
        var request = Starter.Ask(Starter.Question, 24) with { Sampling = sampling };
        var first = await Engine.AnswerAsync(request);
        Assert.Equal(first.Tokens, (await Engine.AnswerAsync(request)).Tokens);
        Assert.NotEqual(first.Tokens, (await Engine.AnswerAsync(request with { Sampling = sampling with { Seed = 43 } })).Tokens);
    }

    [Fact]
    public async Task The_last_update_alone_completes_and_counts_what_was_decoded()
    {
        var answer = await Engine.AnswerAsync(Starter.Ask(Starter.Question, 400));
        Assert.All(answer.Updates.SkipLast(1), update => Assert.Null(update.Completion));
        Assert.Equal(DecodeFinish.Stop, answer.Completion.Finish);
        Assert.Equal(answer.Tokens.Count, answer.Completion.OutputTokens);
        Assert.Equal(answer.Tokens.Count, answer.Updates.Sum(update => update.TokenCount));
        Assert.Equal(Engine.CountTokens([new("user", Starter.Question)]), answer.Completion.PromptTokens);
        Assert.True(answer.Completion.PrefillTime > TimeSpan.Zero && answer.Completion.DecodeTime > TimeSpan.Zero);
    }

    [Fact]
    public async Task MaxTokens_ends_with_length()
    {
        var answer = await Engine.AnswerAsync(Starter.Ask(Starter.Question, 3));
        Assert.Equal((DecodeFinish.Length, 3), (answer.Completion.Finish, answer.Tokens.Count));
    }

    [Fact]
    public async Task Without_MaxTokens_a_full_context_ends_with_length()
    {
        await using var engine = await Starter.LoadAsync(slots: 1, context: 64);
        var prompt = engine.Tokenize("pump").Concat(Enumerable.Repeat(engine.Tokenize(" a")[0], 60)).Take(61).ToArray();
        var context = engine.Descriptor.ContextLength;
        var answer = await engine.AnswerAsync(new() { Prompt = new TokensPrompt(prompt), Sampling = new() { Temperature = 100, TopK = 0, TopP = 1, MinP = 0, Seed = 4 } });
        Assert.Equal(DecodeFinish.Length, answer.Completion.Finish);
        Assert.Equal(context, prompt.Length + answer.Tokens.Count);
    }

    [Fact]
    public async Task A_prompt_longer_than_the_context_is_refused_with_the_numbers()
    {
        var prompt = new TokensPrompt(new int[Engine.Descriptor.ContextLength]);
        var error = await Assert.ThrowsAsync<HybridException>(() => Engine.AnswerAsync(new() { Prompt = prompt }));
        Assert.Equal(HybridError.ContextExceeded, error.Error);
        Assert.Contains($"{Engine.Descriptor.ContextLength} tokens", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1 << 20)]
    public async Task A_token_outside_the_vocabulary_is_refused(int token)
    {
        var error = await Assert.ThrowsAsync<HybridException>(() => Engine.AnswerAsync(new() { Prompt = new TokensPrompt(new[] { token }) }));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
        Assert.Contains(token.ToString(), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stop_string_ends_the_answer_and_is_not_part_of_it()
    {
        var whole = (await Engine.AnswerAsync(Starter.Ask(Starter.Question))).Text;
        var stop = whole.Substring(whole.Length / 2, 6);
        var answer = await Engine.AnswerAsync(Starter.Ask(Starter.Question) with { StopSequences = [stop] });
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], answer.Text);
        Assert.Equal(DecodeFinish.Stop, answer.Completion.Finish);
    }

    [Fact]
    public async Task Text_comes_in_whole_characters_whatever_bytes_the_tokens_hold()
    {
        // Hot enough that the byte tokens of a byte-level vocabulary come up, broken sequences among them.
        var sampling = new SamplingOptions { Temperature = 100, TopK = 0, TopP = 1, MinP = 0, Seed = 7 };
        var answer = await Engine.AnswerAsync(new() { Prompt = new TextPrompt("größer 🙂 "), Sampling = sampling, MaxTokens = 300 });
        var strict = new UTF8Encoding(false, throwOnInvalidBytes: true);
        Assert.All(answer.Updates, update => strict.GetBytes(update.Text));
        Assert.Contains(answer.Updates, update => update.TokenCount == 1 && update.Text.Length == 0);
    }

    [Fact]
    public async Task A_text_prompt_and_its_tokens_give_the_same_answer()
    {
        const string text = "Check the pump";
        var asText = await Engine.AnswerAsync(new() { Prompt = new TextPrompt(text), Sampling = SamplingOptions.Greedy, MaxTokens = 16 });
        var asTokens = await Engine.AnswerAsync(new() { Prompt = new TokensPrompt(Engine.Tokenize(text).ToArray()), Sampling = SamplingOptions.Greedy, MaxTokens = 16 });
        Assert.Equal(asText.Tokens, asTokens.Tokens);
    }

    [Fact]
    public async Task A_fault_of_one_request_ends_that_one_alone()
    {
        var lone = await Engine.AnswerAsync(Starter.Ask("How do I check a boiler that leaks?"));
        var faulty = Engine.AnswerAsync(Starter.Ask(Starter.Question) with { OnToken = _ => throw new InvalidOperationException("observer's fault") });
        var healthy = Engine.AnswerAsync(Starter.Ask("How do I check a boiler that leaks?"));
        var error = await Assert.ThrowsAsync<HybridException>(() => faulty);
        Assert.Equal(HybridError.Internal, error.Error);
        Assert.Equal(lone.Tokens, (await healthy).Tokens);
    }
}
