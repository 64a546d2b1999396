using Hybrid.Engines.LlamaCpp;

namespace Hybrid.Benchmarks.Engine;

/// <summary>Features of the engine that tables switch on and off; null as the engine comes.</summary>
internal sealed record EngineFeatures
{
    /// <summary>No drafts and no cached prefixes: each request with all of its own work.</summary>
    public static EngineFeatures Plain { get; } = new() { Speculation = false, PrefixCache = false };

    /// <summary>The same with one request in a step.</summary>
    public static EngineFeatures TakingTurns { get; } = Plain with { MaxBatch = 1 };

    public int? MaxBatch { get; init; }

    public bool? PrefixCache { get; init; }

    public TimeSpan? LongestPause { get; init; }

    public bool? Speculation { get; init; }

    public string? DraftModelPath { get; init; }

    public LlamaEngineOptions On(LlamaEngineOptions options) => options with
    {
        MaxBatch = MaxBatch ?? options.MaxBatch,
        PrefixCache = PrefixCache ?? options.PrefixCache,
        LongestPause = LongestPause ?? options.LongestPause,
        Speculation = Speculation ?? options.Speculation,
        DraftModelPath = DraftModelPath ?? options.DraftModelPath,
    };
}
