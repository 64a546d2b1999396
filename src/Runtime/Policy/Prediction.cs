using System.Runtime.InteropServices;
using Hybrid.Accounting;
using Hybrid.Targets;

namespace Hybrid.Policy;

/// <summary>Latency, dollars and grams of one request on one target.</summary>
/// <param name="FirstTokenSeconds">Queue, cold start, round trip and prefill, at the policy's quantile.</param>
/// <param name="TotalSeconds">The same with the expected decode, at the policy's quantile.</param>
/// <param name="BusySeconds">Expected prefill and decode.</param>
/// <param name="Dollars">Expected price.</param>
/// <param name="Joules">Expected energy.</param>
/// <param name="Grams">Expected operational emission, grams CO2e.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Prediction(double FirstTokenSeconds, double TotalSeconds, double BusySeconds, double Dollars, double Joules, double Grams)
{
    /// <summary>About 2900 years: any longer prediction counts as this, so that it still fits a TimeSpan.</summary>
    public const double LongestSeconds = 9e10;

    /// <summary>No target answers sooner, whatever it claims.</summary>
    public const double LeastSeconds = 1e-5;

    /// <summary>The quantile that measurements are compared with.</summary>
    public const double Median = 0.5;

    /// <summary>Whether it can be compared: every figure finite and none negative. A negative one would pay for being chosen.</summary>
    public bool IsUsable => double.IsFinite(TotalSeconds + BusySeconds + Dollars + Grams) && TotalSeconds < LongestSeconds
        && BusySeconds >= 0 && TotalSeconds >= FirstTokenSeconds && Dollars >= 0 && Joules >= 0 && Grams >= 0;

    /// <summary>TTFT = [cold] cold start + (queue + wait beside others + round trip + uncached n_in / prefill rate) · spread; total = TTFT + n_out / decode rate · spread. Time at the quantile, the rest as expected.</summary>
    public static Prediction Of(in RequestProfile profile, in TargetSnapshot target, double quantile) => Of(profile, target, RatioBand.Find(quantile));

    /// <summary>The same for a quantile that was looked up before.</summary>
    public static Prediction Of(in RequestProfile profile, in TargetSnapshot target, in RatioBand.Place quantile)
    {
        var (descriptor, state, rates) = target;
        var cached = profile.InputTokens * rates.CachedShare;
        var (prefill, decode) = ServiceSeconds(profile, rates);
        var cold = state.Readiness is TargetReadiness.Cold or TargetReadiness.Warming ? rates.ColdStart.TotalSeconds : 0;
        var firstToken = cold + (StartSeconds(prefill, decode, state, rates) * rates.FirstTokenSpread.At(quantile));
        firstToken = firstToken >= 0 ? Math.Max(firstToken, LeastSeconds) : double.NaN;
        var decodeAtQuantile = (profile.OutputTokensAtQuantile ?? profile.ExpectedOutputTokens) / rates.DecodeTokensPerSecond;

        var busy = Span(prefill + decode);
        var joules = CostModel.Joules(descriptor, profile.ExpectedOutputTokens, busy);
        return new(
            firstToken,
            firstToken + (decodeAtQuantile * rates.PerTokenSpread.At(quantile)),
            prefill >= 0 && decode >= 0 && rates is { PrefillTokensPerSecond: > 0, DecodeTokensPerSecond: > 0 } ? prefill + decode : double.NaN, // neither may make up for the other
            target.PriceFactor * (CostModel.Dollars(descriptor, profile.InputTokens, cached, profile.ExpectedOutputTokens, busy) + (state.Readiness == TargetReadiness.Cold ? CostModel.WakingDollars(descriptor) : 0)),
            joules,
            CostModel.Grams(joules, target.GramsPerKilowattHour));
    }

    /// <summary>Seconds for each token after the first, at a quantile: 1 / decode rate · spread.</summary>
    public static double PerTokenSeconds(TargetRates rates, in RatioBand.Place quantile) => rates.PerTokenSpread.At(quantile) / rates.DecodeTokensPerSecond;

    /// <summary>What measurements are compared with: the median and the expected length, at whatever quantile the policy decides.</summary>
    public static Prediction Usual(in RequestProfile profile, in TargetSnapshot target) => Of(profile with { OutputTokensAtQuantile = null }, target, Median);

    public static TimeSpan Span(double seconds) => TimeSpan.FromSeconds(Math.Clamp(double.IsNaN(seconds) ? LongestSeconds : seconds, 0, LongestSeconds));

    /// <summary>Prefill of what is usually not cached, and decode of the expected answer, in seconds.</summary>
    public static (double Prefill, double Decode) ServiceSeconds(in RequestProfile profile, TargetRates rates) =>
        (profile.InputTokens * (1 - rates.CachedShare) / rates.PrefillTokensPerSecond, profile.ExpectedOutputTokens / rates.DecodeTokensPerSecond);

    /// <summary>Queue, wait, round trip and prefill of a warm target, before any quantile.</summary>
    public static double StartSeconds(double prefill, double decode, TargetState state, TargetRates rates) =>
        (QueueSeconds(state, prefill + decode) * rates.QueueFactor) + (Beside(state) * rates.WaitPerBusySlot.TotalSeconds) + rates.RoundTrip.TotalSeconds + prefill;

    /// <summary>Those ahead of us that must end first, taken to be like us, shared among the slots.</summary>
    public static double QueueSeconds(TargetState state, double service)
    {
        var free = state.Slots > 0 ? (long)state.Slots - state.BusySlots : 1;
        var ahead = state.Slots > 0 ? (long)state.QueueLength + 1 - free : state.QueueLength;
        return ahead <= 0 ? 0 : ahead * service / Math.Max(state.Slots, 1);
    }

    /// <summary>Those that are decoded beside us: their steps come in between though a slot is free.</summary>
    public static long Beside(TargetState state) => state.Slots > 0 ? Math.Min((long)state.BusySlots + state.QueueLength, state.Slots) : state.BusySlots;
}
