namespace Hybrid.Targets;

/// <summary>What a continuation was decoded as, so that a target of the same vocabulary goes on from the very same tokens.</summary>
/// <param name="Vocabulary">The fingerprint of their vocabulary, as in <see cref="DecodeUpdate.Vocabulary"/>.</param>
/// <param name="Tokens">The ids of exactly <see cref="DecodeRequest.Continuation"/>, tokens without a text among them.</param>
public sealed record ContinuationTokens(string Vocabulary, ReadOnlyMemory<int> Tokens)
{
    /// <summary>Whether the vocabulary and the ids are the same.</summary>
    public bool Equals(ContinuationTokens? other) => other is not null && Vocabulary == other.Vocabulary && Tokens.Span.SequenceEqual(other.Tokens.Span);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Vocabulary, Tokens.Length);
}
