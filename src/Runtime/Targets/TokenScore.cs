using System.Text;

namespace Hybrid.Targets;

/// <summary>How sure a model was of a token that it said, by its own distribution: before penalties, temperature, cuts and formats.</summary>
/// <param name="Token">The id in the model's vocabulary.</param>
/// <param name="Bytes">What it adds to the answer; a token may hold a part of a character only.</param>
/// <param name="LogProbability">Natural logarithm of its probability, 0 or less.</param>
public sealed record TokenScore(int Token, ReadOnlyMemory<byte> Bytes, float LogProbability)
{
    /// <summary>Entropy of the distribution in nats, from 0 (certain) to the logarithm of the vocabulary's size (anything).</summary>
    public float Entropy { get; init; }

    /// <summary>Probability of the likeliest token less that of the next, 0 (a toss-up) to 1 (certain).</summary>
    public float Margin { get; init; }

    /// <summary>The likeliest tokens in falling order, as many as were asked for.</summary>
    public IReadOnlyList<TokenAlternative> Alternatives { get; init; } = [];

    /// <summary>The bytes as text; a part of a character becomes U+FFFD.</summary>
    public string Text => Encoding.UTF8.GetString(Bytes.Span);
}

/// <summary>A token that might have come.</summary>
/// <param name="Token">The id in the model's vocabulary.</param>
/// <param name="Bytes">What it would add to the answer.</param>
/// <param name="LogProbability">Natural logarithm of its probability, 0 or less.</param>
public sealed record TokenAlternative(int Token, ReadOnlyMemory<byte> Bytes, float LogProbability)
{
    /// <summary>The bytes as text; a part of a character becomes U+FFFD.</summary>
    public string Text => Encoding.UTF8.GetString(Bytes.Span);
}
