using System.Text.Json.Serialization;
using Hybrid.Targets;

namespace Hybrid.Policy;

/// <summary>What the policy predicted of one target, and what came of it.</summary>
public sealed record TargetAssessment
{
    /// <summary>The target's name.</summary>
    public required string Name { get; init; }

    /// <summary>The model it decodes with.</summary>
    public required string Model { get; init; }

    /// <summary>Where the data would go.</summary>
    public required Zone Zone { get; init; }

    /// <summary>Every wall that removed it; empty where it may be used.</summary>
    public IReadOnlyList<WallReason> Walls { get; init; } = [];

    /// <summary>Whether it may be used.</summary>
    public bool Admitted => Walls.Count == 0;

    /// <summary>Queue, cold start, round trip and prefill; in JSON, seconds.</summary>
    [JsonPropertyName("timeToFirstTokenSeconds")]
    public TimeSpan TimeToFirstToken { get; init; }

    /// <summary>Time to the last expected token; in JSON, seconds.</summary>
    [JsonPropertyName("totalTimeSeconds")]
    public TimeSpan TotalTime { get; init; }

    /// <summary>Energy in joules.</summary>
    public double Joules { get; init; }

    /// <summary>Emission in grams CO2e.</summary>
    public double Grams { get; init; }

    /// <summary>Quality from 0 to 1.</summary>
    public double Quality { get; init; }

    /// <summary>The price in dollars; the first term of the score.</summary>
    public double PriceDollars { get; init; }

    /// <summary>The total time at the policy's price of waiting.</summary>
    public double TimeDollars { get; init; }

    /// <summary>The emission at the policy's price of carbon.</summary>
    public double CarbonDollars { get; init; }

    /// <summary>The quality lost against the best admitted target, at the policy's price of a point; 0 where removed.</summary>
    public double QualityDollars { get; init; }

    /// <summary>The sum of the four terms; the lowest wins.</summary>
    public double ScoreDollars => PriceDollars + TimeDollars + CarbonDollars + QualityDollars;
}
