namespace Hybrid.Benchmarks.Models;

/// <summary>How large a random model is.</summary>
/// <param name="Name">In its file's name.</param>
/// <param name="Width">Numbers of an embedding.</param>
/// <param name="Blocks">Layers.</param>
/// <param name="Heads">Of the attention, of 64 numbers each.</param>
/// <param name="KvHeads">Of keys and values.</param>
/// <param name="FeedForward">Numbers inside a layer.</param>
internal sealed record RandomShape(string Name, int Width, int Blocks, int Heads, int KvHeads, int FeedForward)
{
    /// <summary>About 150 million weights.</summary>
    public static RandomShape Usual { get; } = new("150m", 768, 16, 12, 6, 2048);

    /// <summary>About 500 million weights: 540 MB as Q8_0.</summary>
    public static RandomShape Large { get; } = new("500m", 1280, 24, 20, 10, 3456);
}
