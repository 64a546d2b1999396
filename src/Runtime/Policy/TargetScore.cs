using System.Runtime.InteropServices;

namespace Hybrid.Policy;

/// <summary>What the policy makes of one target: numbers alone, so that a decision needs no memory but what it is given.</summary>
/// <remarks>Filled in place: a copy of it costs as much as the arithmetic.</remarks>
[StructLayout(LayoutKind.Auto)]
public record struct TargetScore
{
    /// <summary>Latency, dollars and grams.</summary>
    internal Prediction Prediction { get; set; }

    /// <summary>Every wall that it hit.</summary>
    internal WallSet Walls { get; set; }

    /// <summary>Whether it may be used.</summary>
    public readonly bool Admitted => Walls.IsEmpty;

    /// <summary>Quality from 0 to 1.</summary>
    public double Quality { get; internal set; }

    /// <summary>The price in dollars.</summary>
    public readonly double PriceDollars => Prediction.Dollars;

    /// <summary>The expected time at the policy's price of waiting.</summary>
    public double TimeDollars { get; internal set; }

    /// <summary>The emission at the policy's price of carbon.</summary>
    public double CarbonDollars { get; internal set; }

    /// <summary>The quality lost against the best admitted target, at the policy's price of a point; 0 where removed.</summary>
    public double QualityDollars { get; internal set; }

    /// <summary>What feedback taught about such requests on this target; positive speaks against it.</summary>
    public double LearnedDollars { get; internal set; }

    /// <summary>The sum of the terms; the lowest wins.</summary>
    public readonly double ScoreDollars => PriceDollars + TimeDollars + CarbonDollars + QualityDollars + LearnedDollars;
}
