using System.Text;
using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>Reads the <c>logprobs</c> of a chat's chunk.</summary>
/// <remarks>
/// Servers do not tell the whole distribution: the entropy stays 0, the margin is that of the two likeliest tokens where the server
/// names them, and the id is -1 where it is not told.
/// </remarks>
internal static class ScoreJson
{
    private const float Least = -1e4f; // for what JSON cannot hold: minus infinity

    public static IReadOnlyList<TokenScore>? Read(JsonElement scores)
    {
        if (scores.ValueKind != JsonValueKind.Object || !scores.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.Array)
            return null;
        return [.. content.EnumerateArray().Select(Score)];
    }

    private static TokenScore Score(JsonElement entry)
    {
        var (id, bytes, likelihood) = Token(entry);
        TokenAlternative[] others = entry.TryGetProperty("top_logprobs", out var top) && top.ValueKind == JsonValueKind.Array
            ? [.. top.EnumerateArray().Select(Token).Select(other => new TokenAlternative(other.Id, other.Bytes, other.LogProbability))]
            : [];
        Array.Sort(others, (a, b) => b.LogProbability.CompareTo(a.LogProbability));
        var margin = others.Length > 1 ? MathF.Exp(others[0].LogProbability) - MathF.Exp(others[1].LogProbability) : 0;
        return new(id, bytes, likelihood) { Alternatives = others, Margin = margin };
    }

    private static (int Id, byte[] Bytes, float LogProbability) Token(JsonElement entry)
    {
        if (entry.ValueKind != JsonValueKind.Object || !entry.TryGetProperty("logprob", out var value) || value.ValueKind != JsonValueKind.Number || !value.TryGetSingle(out var likelihood))
            throw new PoolFault("it sent a score without a number");
        var id = entry.TryGetProperty("id", out var given) && given.ValueKind == JsonValueKind.Number && given.TryGetInt32(out var told) ? told : -1;
        return (id, Bytes(entry), Math.Clamp(likelihood, Least, 0));
    }

    private static byte[] Bytes(JsonElement entry)
    {
        if (entry.TryGetProperty("bytes", out var bytes) && bytes.ValueKind == JsonValueKind.Array)
            return [.. bytes.EnumerateArray().Select(value => value.ValueKind == JsonValueKind.Number && value.TryGetByte(out var one) ? one : throw new PoolFault("it sent a token with bytes that are none"))];
        return entry.TryGetProperty("token", out var token) && token.ValueKind == JsonValueKind.String ? Encoding.UTF8.GetBytes(JsonTexts.Read(token)) : [];
    }
}
