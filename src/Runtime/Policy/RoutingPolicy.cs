using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Hybrid.Json;
using Hybrid.Targets;

namespace Hybrid.Policy;

/// <summary>What a request may cost and what waiting, carbon and quality are worth: everything in dollars.</summary>
/// <remarks>Immutable. Limits are walls and remove a target; weights only rank those that remain.</remarks>
public sealed record RoutingPolicy
{
    /// <summary>The name in configuration, explanations and meters.</summary>
    public required string Name { get; init; }

    /// <summary>Why one would choose it, in one line.</summary>
    public string Purpose { get; init; } = "";

    /// <summary>The quantile of latency that is predicted and priced, 0.05 to 0.99: 0.5 for the usual, 0.95 for who must not wait long.</summary>
    /// <value>0.5</value>
    public double LatencyQuantile { get; init; } = 0.5;

    /// <summary>The price of waiting, in dollars per second; 0 or more.</summary>
    public double DollarsPerSecond { get; init; }

    /// <summary>The price of emissions, in dollars per metric ton CO2e; 0 or more.</summary>
    public double DollarsPerTonCarbon { get; init; }

    /// <summary>The price of lost quality, in dollars per point (0.01 of accuracy); 0 or more.</summary>
    public double DollarsPerQualityPoint { get; init; }

    /// <summary>Most dollars one request may cost, failovers included; above 0.</summary>
    /// <value>Null: no cap.</value>
    public double? MaxDollarsPerRequest { get; init; }

    /// <summary>Most grams CO2e one request may emit, failovers included; above 0.</summary>
    /// <value>Null: no cap.</value>
    public double? MaxGramsPerRequest { get; init; }

    /// <summary>Longest predicted wait for the first token; above 0.</summary>
    /// <value>Null: no limit.</value>
    public TimeSpan? MaxTimeToFirstToken { get; init; }

    /// <summary>Longest predicted time for each token after the first, as a mean; above 0.</summary>
    /// <value>Null: no limit.</value>
    public TimeSpan? MaxTimePerToken { get; init; }

    /// <summary>What is kept of the device's battery, 0 to 1: while it discharges and less is left, targets on the device are not used.</summary>
    /// <value>Null: they are used until it is empty.</value>
    public double? MinBattery { get; init; }

    /// <summary>How hot the device may be, in degrees Celsius, 0 to 150: while it is hotter, targets on the device are not used.</summary>
    /// <value>Null: they are used as long as the device lets them.</value>
    public double? MaxCelsius { get; init; }

    /// <summary>Whether targets that need a network are left alone while the line is paid by the byte.</summary>
    /// <value>False</value>
    public bool AvoidMetered { get; init; }

    /// <summary>Names of the only targets it may use.</summary>
    /// <value>Empty: all.</value>
    public IReadOnlyList<string> AllowedTargets { get; init; } = [];

    /// <summary>The only zones it may use, on top of the request's privacy class.</summary>
    /// <value>Empty: all.</value>
    public IReadOnlyList<Zone> AllowedZones { get; init; } = [];

    /// <summary>Only this device, whatever the request allows.</summary>
    public bool Offline { get; init; }

    /// <summary>Tokens expected of an answer when the request sets no limit; at least 1.</summary>
    /// <value>128</value>
    public int ExpectedOutputTokens { get; init; } = 128;

    /// <summary>Most tokens of an answer where the request sets no limit and a budget applies to a target that costs; at least 1.</summary>
    /// <value>4096</value>
    public int OutputTokensBound { get; init; } = 4096;

    /// <summary>The share of requests that try another target than the best, 0 to 0.2, so that what is thought of the others is put to the test.</summary>
    /// <value>0: none</value>
    public double ExplorationRate { get; init; }

    /// <summary>How many dollars of score a target may be behind the best and still be tried; 0 or more.</summary>
    /// <value>0.001</value>
    public double MaxExplorationDollars { get; init; } = 0.001;

    /// <summary>Whether feedback and measured outcomes correct the score, for each task tag and target.</summary>
    /// <value>False: they are kept, and do not count.</value>
    public bool Learn { get; init; }

    /// <summary>Whether a stream may move to another target without a fault: one that wakes or prefills while another speaks, or one that does the rest for less.</summary>
    /// <value>True</value>
    public bool Handover { get; init; } = true;

    /// <summary>How long the first token may keep the reader waiting before the next best target is asked the same; the first to speak goes on, the other is cancelled and counted. 0 or more; 0 lets both race.</summary>
    /// <value>Null: nobody is asked twice.</value>
    public TimeSpan? HedgeAfter { get; init; }

    /// <summary>The longest silence in mid-stream before another target goes on; above 0.</summary>
    /// <value>Null: as long as the target's own limit.</value>
    public TimeSpan? MaxTokenGap { get; init; }

    /// <summary>How sure the speaking model must be, as the geometric mean of the probabilities of its last 16 tokens, 0 to 1; below it a target of better quality goes on.</summary>
    /// <value>Null: it is not looked at.</value>
    public double? MinConfidence { get; init; }

    /// <summary>How fast text is delivered, in tokens per second; what was decoded ahead hides a handover. Above 0.</summary>
    /// <value>Null: as fast as it comes.</value>
    public double? TokensPerSecond { get; init; }

    /// <summary>Whether its weights sum to nothing: then the price alone decides, and the targets' order between equals.</summary>
    [JsonIgnore]
    internal bool PriceAlone => DollarsPerSecond + DollarsPerTonCarbon + DollarsPerQualityPoint == 0;

    /// <summary>Names these very figures: 12 hexadecimal digits of the SHA-256 of the policy as JSON.</summary>
    [JsonIgnore]
    public string Version => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(this, HybridJson.Default.RoutingPolicy)))[..12];
}
