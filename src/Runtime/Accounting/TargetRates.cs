using Hybrid.Targets;

namespace Hybrid.Accounting;

/// <summary>How fast a target is, as measured: an immutable snapshot.</summary>
/// <param name="PrefillTokensPerSecond">Prompt tokens per second.</param>
/// <param name="DecodeTokensPerSecond">Answer tokens per second after the first.</param>
/// <param name="RoundTrip">Time to the first token that is neither queue nor prefill nor cold start.</param>
/// <param name="ColdStart">Time from cold to the first prefill.</param>
/// <param name="Observations">Answers it was learned from; 0: the stated figures.</param>
public sealed record TargetRates(
    double PrefillTokensPerSecond,
    double DecodeTokensPerSecond,
    TimeSpan RoundTrip,
    TimeSpan ColdStart,
    int Observations = 0)
{
    /// <summary>How far the time to the first token, cold start aside, strays from the prediction.</summary>
    public RatioBand FirstTokenSpread { get; init; } = RatioBand.Young;

    /// <summary>How far the time per token strays from the prediction.</summary>
    public RatioBand PerTokenSpread { get; init; } = RatioBand.Young;

    /// <summary>How long each request that is being decoded there makes a new one wait though a slot is free.</summary>
    public TimeSpan WaitPerBusySlot { get; init; }

    /// <summary>Time in the queue over what its length made expect, 0 or more.</summary>
    /// <value>1</value>
    public double QueueFactor { get; init; } = 1;

    /// <summary>The share of a prompt that is usually cached there, 0 to 1.</summary>
    public double CachedShare { get; init; }

    /// <summary>How likely an attempt fails, 0 to 1.</summary>
    public double FailureProbability { get; init; }

    /// <summary>The figures a descriptor states.</summary>
    public static TargetRates Stated(TargetDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        return new(descriptor.PrefillTokensPerSecond, descriptor.DecodeTokensPerSecond, descriptor.RoundTrip, descriptor.ColdStart);
    }
}
