namespace Hybrid.Engines.LlamaCpp.Batching;

/// <summary>Whether a short piece of a long prompt is worth filling up to a tile of ggml's flash attention on the CPU.</summary>
/// <remarks>
/// With 64 rows or more ggml attends in tiles, with fewer row by row, which takes three times as long per row: after 2,000 tokens
/// a step of 48 took half as long again as one of 64. The rows that fill up cost their way through the weights.
/// </remarks>
/// <param name="parameters">Of the model.</param>
/// <param name="width">Layers times embedding length: what attending to one cell is proportional to.</param>
internal sealed class TilePadding(long parameters, long width)
{
    /// <summary>Rows from which on ggml attends in tiles.</summary>
    public const int Tile = 64;

    // What a row's attention to one cell costs per unit of width, in parameters that a row passes in the same time. Measured on
    // x64 with AVX-512 and a model of 150M in Q8_0; with 4 bits a row passes the weights sooner, so padding pays earlier still.
    private const double RowByRow = 23;
    private const double InTiles = 8;

    /// <summary>How many rows to add; 0 where it does not pay.</summary>
    /// <param name="tokens">Rows that are wanted; above 0.</param>
    /// <param name="depth">Tokens of the prompt before them.</param>
    public int Rows(int tokens, int depth)
    {
        var saved = (double)width * depth * ((RowByRow * tokens) - (InTiles * Tile));
        return tokens < Tile && saved > (double)parameters * (Tile - tokens) ? Tile - tokens : 0;
    }
}
