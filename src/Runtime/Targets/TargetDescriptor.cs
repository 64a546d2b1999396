using System.Text.Json.Serialization;
using Hybrid.Accounting;

namespace Hybrid.Targets;

/// <summary>What is known of a target before it is asked: who, where, how fast, how dear.</summary>
public sealed record TargetDescriptor
{
    /// <summary>The name in configuration, explanations and meters.</summary>
    public required string Name { get; init; }

    /// <summary>The model it decodes with.</summary>
    public required string Model { get; init; }

    /// <summary>Where the data goes.</summary>
    public required Zone Zone { get; init; }

    /// <summary>Tokens of prompt and answer together.</summary>
    public int ContextLength { get; init; } = int.MaxValue;

    /// <summary>What it can do.</summary>
    public TargetCapabilities Capabilities { get; init; } = TargetCapabilities.Chat;

    /// <summary>Parameters in billions; above 0 where known.</summary>
    public double ParametersBillions
    {
        get;
        init
        {
            field = value;
            EstimatedQuality = CostModel.EstimateQuality(value);
        }
    }

    /// <summary>Measured quality from 0 to 1.</summary>
    /// <value>Null: estimated from the parameter count.</value>
    public double? Quality { get; init; }

    /// <summary>What the size says of the quality; kept, since a logarithm for every decision is dear.</summary>
    internal double EstimatedQuality { get; private init; }

    /// <summary>Dollars per million prompt tokens.</summary>
    public double DollarsPerMillionInputTokens { get; init; }

    /// <summary>Dollars per million prompt tokens that were cached there.</summary>
    /// <value>Null: as <see cref="DollarsPerMillionInputTokens"/>.</value>
    public double? DollarsPerMillionCachedTokens { get; init; }

    /// <summary>Dollars per million tokens of the answer.</summary>
    public double DollarsPerMillionOutputTokens { get; init; }

    /// <summary>Dollars per hour while it decodes for us, charged by the busy second: a price per second is given as that price times 3600.</summary>
    public double DollarsPerHour { get; init; }

    /// <summary>Dollars per hour while it is warm and idle; charged to who wakes it, for its cold start and <see cref="StaysWarm"/>.</summary>
    public double IdleDollarsPerHour { get; init; }

    /// <summary>How long it stays warm after it was woken.</summary>
    public TimeSpan StaysWarm { get; init; }

    /// <summary>How prices change with the time of day.</summary>
    /// <value>Null: they do not.</value>
    [JsonIgnore] // what it made of the prices is logged with each decision
    public PriceSchedule? Schedule { get; init; }

    /// <summary>Watts drawn for one request while it decodes.</summary>
    /// <value>0: not known; away from this device energy is then estimated from the parameter count.</value>
    public double ActiveWatts { get; init; }

    /// <summary>Power usage effectiveness of the site, at least 1.</summary>
    /// <value>1</value>
    public double PowerUsageEffectiveness { get; init; } = 1;

    /// <summary>Grams CO2e of making the hardware for an hour of its life; reported, not decided by.</summary>
    public double EmbodiedGramsPerHour { get; init; }

    /// <summary>The grid that feeds it, as the intensity provider names it, such as <c>DE</c>.</summary>
    /// <value>Null: only <see cref="GramsPerKilowattHour"/> counts.</value>
    public string? GridZone { get; init; }

    /// <summary>Grid intensity in grams CO2e per kWh, average; what counts where no provider knows better.</summary>
    /// <value>445, the world's average for 2024 (IEA, Electricity 2025).</value>
    public double GramsPerKilowattHour { get; init; } = 445;

    /// <summary>Round trip over the network.</summary>
    public TimeSpan RoundTrip { get; init; }

    /// <summary>Prompt tokens per second before anything was measured.</summary>
    public double PrefillTokensPerSecond { get; init; } = 500;

    /// <summary>Answer tokens per second before anything was measured.</summary>
    public double DecodeTokensPerSecond { get; init; } = 50;

    /// <summary>Time from cold to the first prefill.</summary>
    public TimeSpan ColdStart { get; init; }
}

/// <summary>What a target can do.</summary>
[Flags]
public enum TargetCapabilities
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Messages in, answer out.</summary>
    Chat = 1,

    /// <summary>Completes plain text.</summary>
    Text = 2,

    /// <summary>Takes token ids.</summary>
    Tokens = 4,

    /// <summary>Goes on from text that was already delivered.</summary>
    Continuation = 8,

    /// <summary>Gives embeddings.</summary>
    Embeddings = 16,

    /// <summary>Keeps an answer to JSON, with or without a schema.</summary>
    Json = 32,

    /// <summary>Keeps an answer to a grammar.</summary>
    Grammar = 64,

    /// <summary>Knows tools and gives their calls.</summary>
    Tools = 128,

    /// <summary>Says how likely its tokens were.</summary>
    LogProbabilities = 256,
}
