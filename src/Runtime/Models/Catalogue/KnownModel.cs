using Hybrid.Accounting;

namespace Hybrid.Models.Catalogue;

/// <summary>What is known of a model before any of it is fetched; what is not known is null.</summary>
public sealed record KnownModel
{
    /// <summary>Its name in lower case, without size of weights or maker, such as <c>qwen3-0.6b</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Its name for people.</summary>
    public required string Title { get; init; }

    /// <summary>Other names that mean it.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Parameters in billions; above 0.</summary>
    public double? ParametersBillions { get; init; }

    /// <summary>Parameters in billions that take part in a token, of a mixture of experts.</summary>
    /// <value>Null: all, or not known.</value>
    public double? ActiveParametersBillions { get; init; }

    /// <summary>Its licence, by the name that its publisher uses.</summary>
    public string? Licence { get; init; }

    /// <summary>Where its GGUF files are, such as <c>hf:Qwen/Qwen3-0.6B-GGUF</c>; a quantisation goes behind it.</summary>
    public string? Reference { get; init; }

    /// <summary>The quantisations that are there, such as <c>Q8_0</c>.</summary>
    public IReadOnlyList<string> Quantisations { get; init; } = [];

    /// <summary>Tokens of prompt and answer together that it was made for.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Layers that keep keys and values.</summary>
    public int? Layers { get; init; }

    /// <summary>Heads of keys and values in each layer.</summary>
    public int? KvHeads { get; init; }

    /// <summary>Numbers of a key, and of a value, of one head.</summary>
    public int? HeadLength { get; init; }

    /// <summary>Measured accuracy, 0 to 1.</summary>
    public double? MeasuredAccuracy { get; init; }

    /// <summary>Who measured it.</summary>
    public string? AccuracySource { get; init; }

    /// <summary>Dollars per hour of the cheapest rented machine that serves it; list prices of EC2 in us-east-1, November 2025 (Ploskonka 2026).</summary>
    public double? DollarsPerHour { get; init; }

    /// <summary>Whether it is one of the 32 models of Ploskonka 2026, doi 10.18267/j.aip.313.</summary>
    public bool Examined { get; init; }

    /// <summary>Accuracy from 0 to 1: as measured, else 0.329 + 0.126·log10(billions of parameters) (Ploskonka 2026).</summary>
    /// <value>Null: neither is known.</value>
    public double? Accuracy => MeasuredAccuracy ?? (ParametersBillions is { } billions ? Math.Clamp(CostModel.EstimateQuality(billions), 0, 1) : null);

    /// <summary>Bytes that a token takes in a KV cache of half precision.</summary>
    /// <value>Null: not known.</value>
    public long? KvBytesPerToken => Layers is { } layers && KvHeads is { } heads && HeadLength is { } length ? 2L * 2 * layers * heads * length : null;
}
