using Hybrid.Engines.LlamaCpp;

namespace Hybrid.Benchmarks.Engine;

/// <summary>Features of the engine that tables switch on and off.</summary>
internal sealed record EngineFeatures
{
    private static readonly HashSet<string> Missing = [];

    /// <summary>As the engine comes.</summary>
    public static EngineFeatures Default { get; } = new();

    /// <summary>Requests take turns, one sequence in a step.</summary>
    public static EngineFeatures TakingTurns { get; } = new() { MaxBatch = 1, Speculation = "None", PrefixCache = false };

    public int? MaxBatch { get; init; }

    public bool? PrefixCache { get; init; }

    /// <summary><c>None</c>, <c>Ngram</c> or <c>Auto</c>.</summary>
    public string? Speculation { get; init; }

    public string? DraftModelPath { get; init; }

    /// <summary>No drafts and no cached prefixes: each request alone with its own work.</summary>
    public static EngineFeatures Plain { get; } = new() { Speculation = "None", PrefixCache = false };

    public LlamaEngineOptions On(LlamaEngineOptions options)
    {
        var changed = options with { };
        Set(changed, nameof(MaxBatch), MaxBatch);
        Set(changed, nameof(PrefixCache), PrefixCache);
        Set(changed, nameof(Speculation), Speculation);
        Set(changed, nameof(DraftModelPath), DraftModelPath);
        return changed;
    }

    private static void Set(LlamaEngineOptions options, string name, object? value)
    {
        if (value is null)
            return;
        if (typeof(LlamaEngineOptions).GetProperty(name) is not { } property)
        {
            if (Missing.Add(name))
                Console.Error.WriteLine($"This engine has no option {name}; the table is made without it.");
            return;
        }

        property.SetValue(options, property.PropertyType.IsEnum ? Enum.Parse(property.PropertyType, (string)value) : value);
    }
}
