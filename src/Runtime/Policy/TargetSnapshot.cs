using Hybrid.Accounting;
using Hybrid.Targets;

namespace Hybrid.Policy;

/// <summary>One target as the policy sees it: what is stated, what is so now, what was measured.</summary>
/// <param name="Descriptor">What is stated.</param>
/// <param name="State">What is so now.</param>
/// <param name="Rates">What was measured, or stated where nothing was measured yet.</param>
public readonly record struct TargetSnapshot(TargetDescriptor Descriptor, TargetState State, TargetRates Rates)
{
    /// <summary>A target of which nothing was measured yet.</summary>
    public TargetSnapshot(TargetDescriptor descriptor, TargetState state)
        : this(descriptor, state, TargetRates.Stated(descriptor))
    {
    }

    /// <summary>The grid that feeds it, as it is now.</summary>
    /// <value>Null: what the descriptor states.</value>
    public GridIntensity? Grid { get; init; }

    /// <summary>What the target's schedule makes of its prices now; 0 or more.</summary>
    /// <value>1</value>
    public double PriceFactor { get; init; } = 1;

    /// <summary>What is left of the battery that it runs on, 0 to 1.</summary>
    /// <value>Null: it runs on none.</value>
    public double? BatteryLeft { get; init; }

    /// <summary>How hot the device is that it runs on, in degrees Celsius.</summary>
    /// <value>Null: that is not known.</value>
    public double? Celsius { get; init; }

    /// <summary>Whether it is reached over a line that is paid by the byte.</summary>
    public bool IsMetered { get; init; }

    /// <summary>What feedback taught about such requests here, in dollars; positive speaks against it.</summary>
    public double LearnedDollars { get; init; }

    internal double GramsPerKilowattHour => Grid?.GramsPerKilowattHour ?? Descriptor.GramsPerKilowattHour;
}
