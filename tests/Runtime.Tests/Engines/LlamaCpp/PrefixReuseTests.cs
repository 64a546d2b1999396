using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.LlamaCpp;

[Collection("llama.cpp")]
public sealed class PrefixReuseTests
{
    private static readonly PromptMessage System = new("system", string.Join(' ', Enumerable.Range(1, 60).Select(i => $"Rule {i}: be brief.")));

    [Fact]
    public async Task A_chat_prefills_only_what_is_new_in_each_turn()
    {
        await using var engine = await Starter.LoadAsync();
        int[] chat = [.. engine.Tokenize(System.Text)];
        var before = 0;
        for (var turn = 0; turn < 4; turn++)
        {
            chat = [.. chat, .. engine.Tokenize($"\nWhat are the steps when fan-{turn} vibrates?\n")];
            var answer = await engine.AnswerAsync(new() { Prompt = new TokensPrompt(chat), Sampling = SamplingOptions.Greedy, MaxTokens = 40 });
            Assert.Equal(before, answer.Completion.CachedTokens);
            chat = [.. chat, .. answer.Tokens];
            before = answer.Completion.Finish == DecodeFinish.Stop ? chat.Length : chat.Length - 1; // the last token at a limit is never decoded
        }
    }

    [Fact]
    public async Task A_system_message_is_prefilled_once()
    {
        await using var engine = await Starter.LoadAsync();
        await engine.AnswerAsync(Ask([System, new("user", "What are the steps when a fan vibrates?")]));
        var second = await engine.AnswerAsync(Ask([System, new("user", "How do I check pump-3 that runs hot?")]));
        Assert.InRange(second.Completion.CachedTokens, engine.CountTokens([System]) - 8, second.Completion.PromptTokens - 8);
    }

    [Fact]
    public async Task Requests_that_come_at_once_prefill_their_common_beginning_once()
    {
        await using var engine = await Starter.LoadAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => engine.AnswerAsync(Ask([System, new("user", $"How do I check pump-{i} that runs hot?")]))));
        var common = engine.CountTokens([System]) - 8;
        Assert.Equal(3, answers.Count(answer => answer.Completion.CachedTokens > common));
        Assert.Single(answers, answer => answer.Completion.CachedTokens == 0);
    }

    [Fact]
    public async Task Answers_are_the_same_with_reuse_and_without()
    {
        await using var with = await Starter.LoadAsync();
        await using var without = await LlamaEngine.LoadAsync(new() { ModelPath = Starter.Edge, Threads = 1, PrefixCache = false, Speculation = false, MaxBatch = 1 });
        for (var i = 0; i < 12; i++)
        {
            var request = Ask([System, new("user", $"What are the steps when fan-{i % 5} vibrates?"), new("assistant", "Wait."), new("user", $"And when pump-{i} leaks?")]);
            Assert.Equal((await without.AnswerAsync(request)).Tokens, (await with.AnswerAsync(request)).Tokens);
            Assert.Equal(0, (await without.AnswerAsync(request)).Completion.CachedTokens);
        }
    }

    [Fact]
    public async Task A_request_that_does_not_fit_now_waits_and_one_that_never_fits_is_refused()
    {
        await using var engine = await LlamaEngine.LoadAsync(new() { ModelPath = Starter.Edge, Threads = 1, Slots = 4, ContextLength = 512, KvTokens = 600 });
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => engine.AnswerAsync(Starter.Ask($"What are the steps when fan-{i} vibrates?", maxTokens: 300))));
        Assert.All(answers, answer => Assert.NotEmpty(answer.Text));
        var error = await Assert.ThrowsAsync<HybridException>(() => engine.AnswerAsync(new() { Prompt = new TokensPrompt(new int[512]) }));
        Assert.Equal(HybridError.ContextExceeded, error.Error);
    }

    [Fact]
    public async Task A_cache_smaller_than_the_context_is_refused_by_name()
    {
        var error = await Assert.ThrowsAsync<HybridException>(() => LlamaEngine.LoadAsync(new() { ModelPath = Starter.Edge, ContextLength = 512, KvTokens = 256 }));
        Assert.Equal(HybridError.Configuration, error.Error);
        Assert.Contains("KvTokens", error.Message, StringComparison.Ordinal);
    }

    private static DecodeRequest Ask(IEnumerable<PromptMessage> chat) =>
        new() { Prompt = new MessagesPrompt([.. chat]), Sampling = SamplingOptions.Greedy, MaxTokens = 40 };
}
