using Google.Protobuf;
using Hybrid.Targets;

namespace Hybrid.Protocol;

/// <summary>Token scores between the wire and the SDK.</summary>
internal static class ScoreMapping
{
    public static void Write(IReadOnlyList<TokenScore>? scores, GenerateUpdate message)
    {
        foreach (var score in scores ?? [])
        {
            var written = new Score
            {
                Token = score.Token,
                Bytes = ByteString.CopyFrom(score.Bytes.Span),
                LogProbability = score.LogProbability,
                Entropy = score.Entropy,
                Margin = score.Margin,
            };
            written.Alternatives.AddRange(score.Alternatives.Select(other =>
                new Alternative { Token = other.Token, Bytes = ByteString.CopyFrom(other.Bytes.Span), LogProbability = other.LogProbability }));
            message.Scores.Add(written);
        }
    }

    public static IReadOnlyList<TokenScore>? Read(GenerateUpdate message) => message.Scores.Count == 0 ? null : [.. message.Scores.Select(Read)];

    private static TokenScore Read(Score score) => new(score.Token, score.Bytes.Memory, score.LogProbability)
    {
        Entropy = score.Entropy,
        Margin = score.Margin,
        Alternatives = [.. score.Alternatives.Select(other => new TokenAlternative(other.Token, other.Bytes.Memory, other.LogProbability))],
    };
}
