using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.LlamaCpp.Batching;

[Collection("llama.cpp")]
public class ComputePoolTests
{
    [Fact]
    public async Task Engines_that_come_and_go_change_the_threads_of_those_that_stay()
    {
        // llama.cpp pauses a context's last threads when it first decodes on others, so that none may have been freed by then.
        await using var stays = await LoadAsync(threads: 1, poll: 50);
        var request = Starter.Ask(Starter.Question, maxTokens: 24);
        var expected = (await stays.AnswerAsync(request)).Tokens;
        for (var i = 0; i < 30; i++)
        {
            await using (var comes = await LoadAsync(threads: 1 + (i % 2), poll: i % 5))
            {
                var both = await Task.WhenAll(stays.AnswerAsync(request), comes.AnswerAsync(request));
                Assert.All(both, answer => Assert.Equal(expected, answer.Tokens));
            }

            Assert.Equal(expected, (await stays.AnswerAsync(request)).Tokens);
        }
    }

    private static Task<LlamaEngine> LoadAsync(int threads, int poll) => LlamaEngine.LoadAsync(new() { ModelPath = Starter.Edge, Threads = threads, Poll = poll });
}
