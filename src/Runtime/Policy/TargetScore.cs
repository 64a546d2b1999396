using System.Runtime.InteropServices;

namespace Hybrid.Policy;

/// <summary>What the policy makes of one target: numbers alone, so that a decision needs no memory but what it is given.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TargetScore
{
    /// <summary>Latency, dollars and grams.</summary>
    internal Prediction Prediction { get; init; }

    /// <summary>Every wall that it hit.</summary>
    internal WallSet Walls { get; init; }

    /// <summary>Whether it may be used.</summary>
    public bool Admitted => Walls.IsEmpty;

    /// <summary>Quality from 0 to 1.</summary>
    public double Quality { get; init; }

    /// <summary>The price in dollars.</summary>
    public double PriceDollars => Prediction.Dollars;

    /// <summary>The expected time at the policy's price of waiting.</summary>
    public double TimeDollars { get; init; }

    /// <summary>The emission at the policy's price of carbon.</summary>
    public double CarbonDollars { get; init; }

    /// <summary>The quality lost against the best admitted target, at the policy's price of a point; 0 where removed.</summary>
    public double QualityDollars { get; init; }

    /// <summary>What feedback taught about such requests on this target; positive speaks against it.</summary>
    public double LearnedDollars { get; init; }

    /// <summary>The sum of the terms; the lowest wins.</summary>
    public double ScoreDollars => PriceDollars + TimeDollars + CarbonDollars + QualityDollars + LearnedDollars;
}
