using System.Text.Json;
using System.Text.Json.Serialization;
using Hybrid.Targets;

namespace Hybrid.OpenAi;

/// <summary>The <c>logprobs</c> of a chat: asked for, and answered.</summary>
internal static class ScoreFields
{
    /// <summary>How many alternatives each token's score names; null where none is asked for.</summary>
    public static int? Read(RequestFields fields)
    {
        var most = (int?)fields.Whole("top_logprobs", 0, 20);
        var asked = fields.Flag("logprobs") ?? false;
        if (!asked && most > 0)
            throw OpenAiException.Invalid("top_logprobs", "'top_logprobs' needs 'logprobs': true.");
        return asked ? most ?? 0 : null;
    }

    public static LogProbabilities? Write(IReadOnlyList<TokenScore>? scores) => scores is null
        ? null
        : new([.. scores.Select(score => new TokenLogProbability(score.Text, score.LogProbability, Bytes(score.Bytes), [.. score.Alternatives.Select(Write)]))]);

    private static TokenLogProbability Write(TokenAlternative other) => new(other.Text, other.LogProbability, Bytes(other.Bytes), null);

    private static int[] Bytes(ReadOnlyMemory<byte> bytes) => [.. bytes.ToArray().Select(value => (int)value)];
}

internal sealed record LogProbabilities(TokenLogProbability[] Content);

internal sealed record TokenLogProbability(
    string Token,
    float Logprob,
    int[] Bytes,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] TokenLogProbability[]? TopLogprobs);
