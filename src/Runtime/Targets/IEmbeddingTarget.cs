namespace Hybrid.Targets;

/// <summary>A target that turns texts into vectors.</summary>
public interface IEmbeddingTarget
{
    /// <summary>One vector for each text, of length 1: the mean of the model's last hidden states over the text's tokens.</summary>
    /// <remarks>Thread-safe; texts are taken one after another. Decoder models were not trained for retrieval: expect rough similarity.</remarks>
    /// <exception cref="HybridException">A text is empty or longer than the context.</exception>
    Task<EmbeddingResult> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken = default);
}

/// <summary>Vectors in the order of their texts.</summary>
/// <param name="Vectors">One for each text.</param>
/// <param name="Tokens">What the texts took together.</param>
public sealed record EmbeddingResult(IReadOnlyList<ReadOnlyMemory<float>> Vectors, int Tokens);
