namespace Hybrid.Targets;

/// <summary>How the next token is chosen from the logits.</summary>
public sealed record SamplingOptions
{
    /// <summary>Temperature 0.8, top-k 40, top-p 0.95, min-p 0.05, no penalties, a fresh seed.</summary>
    public static SamplingOptions Default { get; } = new();

    /// <summary>Always the most likely token.</summary>
    public static SamplingOptions Greedy { get; } = new() { Temperature = 0 };

    /// <summary>Flattens (above 1) or sharpens (below 1) the distribution; 0 is greedy. Range 0 to 100.</summary>
    /// <value>0.8</value>
    public float Temperature { get; init; } = 0.8f;

    /// <summary>Keeps the k most likely tokens; 0 keeps all.</summary>
    /// <value>40</value>
    public int TopK { get; init; } = 40;

    /// <summary>Keeps the smallest set of tokens whose probabilities reach this sum. Range above 0 to 1.</summary>
    /// <value>0.95</value>
    public float TopP { get; init; } = 0.95f;

    /// <summary>Drops tokens less likely than this share of the most likely one. Range 0 to 1.</summary>
    /// <value>0.05</value>
    public float MinP { get; init; } = 0.05f;

    /// <summary>Divides (positive) or multiplies (negative) the logits of recent tokens. Range above 0 to 10; 1 is off.</summary>
    /// <value>1</value>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Subtracts this times the count of a token among recent ones. Range -2 to 2.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Subtracts this once from the logit of any recent token. Range -2 to 2.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>How many tokens back count as recent for the penalties.</summary>
    /// <value>64</value>
    public int PenaltyWindow { get; init; } = 64;

    /// <summary>Makes sampling repeatable.</summary>
    /// <value>Null: a seed is drawn for each request.</value>
    public long? Seed { get; init; }
}
