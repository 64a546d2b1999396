namespace Hybrid.Engines.Sampling;

/// <summary>Says which tokens an answer may go on with. For one request and one thread.</summary>
internal interface ITokenConstraint
{
    /// <summary>Whether the token may come next.</summary>
    bool Allows(int token);

    /// <summary>Sets the logits of the tokens that may not come next to negative infinity; the others stay as they are.</summary>
    void Mask(Span<float> logits);

    /// <summary>Goes on behind a token that it allows.</summary>
    void Accept(int token);
}
