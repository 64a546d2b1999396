using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Engines.LlamaCpp;

[Collection("llama.cpp")]
public class ScoreTests(SharedEngine shared)
{
    [Fact]
    public async Task Each_token_has_its_score_and_greedy_took_the_likeliest()
    {
        var answer = await shared.Engine.AnswerAsync(Starter.Ask(Starter.Question) with { LogProbabilities = 3 });
        var scores = answer.Updates.SelectMany(update => update.Scores ?? []).ToList();
        Assert.Equal(answer.Tokens, scores.Select(score => score.Token));
        Assert.Equal(answer.Text, string.Concat(scores.Select(score => score.Text)));
        Assert.All(scores, score =>
        {
            Assert.Equal(score.Token, score.Alternatives[0].Token);
            Assert.Equal(score.LogProbability, score.Alternatives[0].LogProbability);
            Assert.Equal(3, score.Alternatives.Count);
            Assert.InRange(score.Margin, 0, 1);
        });
        var plain = await shared.Engine.AnswerAsync(Starter.Ask(Starter.Question));
        Assert.Equal(answer.Tokens, plain.Tokens);
        Assert.All(plain.Updates, update => Assert.Null(update.Scores));
    }

    [Fact]
    public async Task A_sampled_token_is_scored_before_the_temperature_and_the_penalties()
    {
        var sampling = SamplingOptions.Default with { Temperature = 1.5f, TopK = 0, TopP = 1, MinP = 0, RepetitionPenalty = 1.3f, Seed = 3 };
        var request = Starter.Ask(Starter.Question, maxTokens: 1) with { LogProbabilities = 20 };
        var greedy = (await shared.Engine.AnswerAsync(request)).Updates[0].Scores!.Single();
        var sampled = (await shared.Engine.AnswerAsync(request with { Sampling = sampling })).Updates[0].Scores!.Single();
        Assert.Equal(greedy.Entropy, sampled.Entropy, 1e-3);
        Assert.Equal(greedy.Alternatives[0].LogProbability, sampled.Alternatives[0].LogProbability, 1e-3);
    }

    [Fact]
    public async Task Scores_come_with_the_updates_of_a_chat()
    {
        using var client = new HybridChatClient([shared.Engine]);
        var options = new ChatOptions { Temperature = 0, MaxOutputTokens = 20 }.WithLogProbabilities();
        var scores = new List<TokenScore>();
        var text = "";
        await foreach (var update in client.GetStreamingResponseAsync(Starter.Question, options))
        {
            text += update.Text;
            scores.AddRange((IReadOnlyList<TokenScore>?)update.AdditionalProperties?.GetValueOrDefault(HybridUpdateKeys.Scores) ?? []);
        }

        Assert.Equal(text, string.Concat(scores.Select(score => score.Text)));
        Assert.Equal(20, scores.Count);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(21)]
    public async Task More_alternatives_than_can_be_named_are_refused(int alternatives)
    {
        var error = await Assert.ThrowsAsync<HybridException>(() => shared.Engine.AnswerAsync(Starter.Ask("x") with { LogProbabilities = alternatives }));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
    }
}
