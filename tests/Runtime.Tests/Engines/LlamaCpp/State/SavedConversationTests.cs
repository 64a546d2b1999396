using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.LlamaCpp.State;

[Collection("llama.cpp")]
public sealed class SavedConversationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid").FullName;

    private string File => Path.Combine(_folder, "chat.kv");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task An_app_that_restarts_goes_on_where_it_was()
    {
        DecodeRequest next;
        Answer unbroken;
        await using (var first = await Starter.LoadAsync())
        {
            var opening = Starter.Ask(string.Join(' ', Enumerable.Repeat(Starter.Question, 12)));
            var answer = await first.AnswerAsync(opening);
            var chat = new MessagesPrompt([.. ((MessagesPrompt)opening.Prompt).Messages, new("assistant", answer.Text), new("user", "What are the steps when a pump leaks?")]);
            next = opening with { Prompt = chat };
            Assert.InRange(await first.SavePrefixAsync(chat, File, TestContext.Current.CancellationToken), 100, first.CountTokens(chat.Messages));
            unbroken = await first.AnswerAsync(next);
        }

        await using var second = await Starter.LoadAsync();
        var restored = await second.RestorePrefixAsync(File, TestContext.Current.CancellationToken);
        Assert.Equal(restored, await second.RestorePrefixAsync(File, TestContext.Current.CancellationToken)); // twice does no harm
        var answered = await second.AnswerAsync(next);
        Assert.Equal(restored, answered.Completion.CachedTokens);
        Assert.Equal(unbroken.Tokens, answered.Tokens);
    }

    [Fact]
    public async Task What_is_saved_while_an_answer_ends_holds_all_of_it()
    {
        const int Most = 24;
        await using var first = await Starter.LoadAsync();
        int[] prompt = [.. first.Tokenize("a a a a")];
        var request = Starter.Endless with { Prompt = new TokensPrompt(prompt), MaxTokens = Most };
        var chat = new TokensPrompt((int[])[.. prompt, .. (await first.AnswerAsync(request)).Tokens]);
        await first.SavePrefixAsync(chat, File, TestContext.Current.CancellationToken); // the model's file has been read for it, so that the next one begins at once

        await using var second = await Starter.LoadAsync();
        var (said, saving) = (0, Task.FromResult(0));
        await second.AnswerAsync(request with
        {
            OnToken = _ =>
            {
                if (++said == Most)
                    saving = second.SavePrefixAsync(chat, File);
            },
        });
        Assert.Equal(prompt.Length + Most - 1, await saving); // the last token at a limit is never decoded
    }

    [Fact]
    public async Task A_state_of_another_model_is_refused()
    {
        await using var edge = await Starter.LoadAsync();
        var request = Starter.Ask(Starter.Question);
        await edge.AnswerAsync(request);
        await edge.SavePrefixAsync(request.Prompt, File, TestContext.Current.CancellationToken);
        await using var cloud = await LlamaEngine.LoadAsync(new() { ModelPath = Starter.Cloud, Threads = 1 });
        var error = await Assert.ThrowsAsync<HybridException>(() => cloud.RestorePrefixAsync(File, TestContext.Current.CancellationToken));
        Assert.Equal(HybridError.Storage, error.Error);
        Assert.NotEmpty((await cloud.AnswerAsync(request)).Text);
    }

    [Fact]
    public async Task What_is_not_cached_cannot_be_saved_and_what_does_not_fit_cannot_be_restored()
    {
        await using var engine = await Starter.LoadAsync();
        var request = Starter.Ask(string.Join(' ', Enumerable.Repeat(Starter.Question, 12)));
        Assert.Equal(HybridError.InvalidRequest, (await Assert.ThrowsAsync<HybridException>(() => engine.SavePrefixAsync(request.Prompt, File, TestContext.Current.CancellationToken))).Error);
        await engine.AnswerAsync(request);
        await engine.SavePrefixAsync(request.Prompt, File, TestContext.Current.CancellationToken);
        await using var small = await LlamaEngine.LoadAsync(new() { ModelPath = Starter.Edge, Threads = 1, ContextLength = 64, KvTokens = 64 });
        Assert.Equal(HybridError.ContextExceeded, (await Assert.ThrowsAsync<HybridException>(() => small.RestorePrefixAsync(File, TestContext.Current.CancellationToken))).Error);
        await engine.DisposeAsync();
        Assert.Equal(HybridError.TargetUnavailable, (await Assert.ThrowsAsync<HybridException>(() => engine.RestorePrefixAsync(File, TestContext.Current.CancellationToken))).Error);
    }
}
