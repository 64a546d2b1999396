using Hybrid.Engines.Sampling;

namespace Hybrid.Tests.Engines.Sampling;

/// <summary>Scores against the definitions in double precision.</summary>
public class TokenScorerTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(33)]
    [InlineData(2000)]
    [InlineData(32_001)]
    public void Scores_are_those_of_the_softmax(int size)
    {
        var logits = LogitScanTests.Logits(size, 100_000, seed: 4);
        var sum = logits.Sum(logit => Math.Exp(logit));
        var probabilities = logits.Select(logit => Math.Exp(logit) / sum).ToArray();
        var order = LogitScanTests.Order(logits).ToArray();
        var scorer = new TokenScorer(token => [(byte)(token % 128)]);
        scorer.Keep(logits);
        foreach (var token in (int[])[order[0], order[1], order[^2]])
        {
            var score = scorer.Score(token, 5);
            Assert.Equal(Math.Log(probabilities[token]), score.LogProbability, 1e-3);
            Assert.Equal(-probabilities.Sum(p => p == 0 ? 0 : p * Math.Log(p)), score.Entropy, 1e-3);
            Assert.Equal(probabilities[order[0]] - probabilities[order[1]], score.Margin, 1e-4);
            Assert.Equal(order.Take(5), score.Alternatives.Select(other => other.Token));
            Assert.All(score.Alternatives, other => Assert.Equal(Math.Log(probabilities[other.Token]), other.LogProbability, 1e-3));
            Assert.Equal((byte)(token % 128), score.Bytes.Span[0]);
        }
    }

    [Fact]
    public void The_certain_and_the_uncertain_are_told_apart()
    {
        var scorer = new TokenScorer(_ => []);
        scorer.Keep([0, 100, 0, float.NegativeInfinity]);
        var certain = scorer.Score(1, 0);
        Assert.Equal(0, certain.LogProbability, 1e-5);
        Assert.Equal(0, certain.Entropy, 1e-5);
        Assert.Equal(1, certain.Margin, 1e-5);
        Assert.Empty(certain.Alternatives);
        scorer.Keep([3, 3, 3, 3]);
        var even = scorer.Score(2, 1);
        Assert.Equal(MathF.Log(4), even.Entropy, 1e-5);
        Assert.Equal(0, even.Margin);
    }
}
