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
}
