using Hybrid.Benchmarks.Models;
using Hybrid.EndToEnd;

namespace Hybrid.Benchmarks.Engine;

/// <summary>A model that tables are made with.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Title">As in a table.</param>
/// <param name="Path">Its file.</param>
/// <param name="VocabularySize">How many tokens it has.</param>
/// <param name="ContextLength">What it was made for.</param>
internal sealed record BenchModel(string Name, string Title, string Path, int VocabularySize, int ContextLength)
{
    private const int StarterVocabulary = 1024;

    public static IReadOnlyList<string> Names { get; } = ["edge", "cloud", "q8", "q4"];

    public bool Random => Name is "q8" or "q4";

    public static BenchModel Get(string name) => name switch
    {
        "edge" => new(name, "edge", Repository.EdgeModel, StarterVocabulary, 1024),
        "cloud" => new(name, "cloud", Repository.CloudModel, StarterVocabulary, 1024),
        "q8" => new(name, "150M Q8_0", RandomModel.Path("q8_0"), MadeUpVocabulary.Size, RandomModel.ContextLength),
        _ => new(name, "150M Q4_0", RandomModel.Path("q4_0"), MadeUpVocabulary.Size, RandomModel.ContextLength),
    };

    /// <summary>A prompt that nobody sent before: no prefix of it is in any cache, and no control token in it.</summary>
    public int[] Prompt(int tokens, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, tokens).Select(_ => random.Next(256, VocabularySize - 3))];
    }
}
