using Hybrid.EndToEnd.Peers;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.EndToEnd;

/// <summary>Our engine and node-llama-cpp, over the same libraries, give the same greedy tokens.</summary>
public class GreedyParityTests
{
    private const int Prompts = 50;
    private const int MaxTokens = 160;

    [Theory]
    [InlineData("edge")]
    [InlineData("cloud")]
    public async Task Fifty_prompts_give_the_same_tokens(string name)
    {
        var path = name == "edge" ? Repository.EdgeModel : Repository.CloudModel;
        using var peer = await NodeLlama.StartAsync(path, threads: 1, contextLength: 1024);
        await using var engine = await LlamaEngine.LoadAsync(new() { ModelPath = path, Threads = 1 });
        var compared = 0;
        foreach (var prompt in HeldOut.Prompts().Take(Prompts))
        {
            var tokens = new List<int>();
            var request = new DecodeRequest
            {
                Prompt = new MessagesPrompt([new("user", prompt)]),
                Sampling = SamplingOptions.Greedy,
                MaxTokens = MaxTokens,
                OnToken = tokens.Add,
            };
            await foreach (var update in engine.GenerateAsync(request, TestContext.Current.CancellationToken))
                _ = update;
            var answer = await peer.GenerateAsync($"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n", MaxTokens);
            Assert.Equal(answer.Tokens, tokens);
            compared += tokens.Count;
        }

        Assert.True(compared > Prompts * 5, $"Only {compared} tokens were compared.");
    }
}
