using System.Runtime.InteropServices;
using Hybrid.Accounting;
using Hybrid.Targets;

namespace Hybrid.Policy;

/// <summary>Latency, dollars and grams of one request on one target.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Prediction(double FirstTokenSeconds, double TotalSeconds, double Dollars, double Joules, double Grams)
{
    /// <summary>About 2900 years: any longer prediction counts as this, so that it still fits a TimeSpan.</summary>
    public const double LongestSeconds = 9e10;

    public bool IsFinite => double.IsFinite(TotalSeconds + Dollars + Grams) && TotalSeconds < LongestSeconds;

    /// <summary>TTFT = queue + [cold] cold start + round trip + n_in / prefill rate; total = TTFT + n_out / decode rate.</summary>
    public static Prediction Of(in RequestProfile profile, in TargetSnapshot target)
    {
        var (descriptor, state, rates) = target;
        var prefill = profile.InputTokens / rates.PrefillTokensPerSecond;
        var decode = profile.ExpectedOutputTokens / rates.DecodeTokensPerSecond;
        var cold = state.Readiness is TargetReadiness.Cold or TargetReadiness.Warming ? rates.ColdStart.TotalSeconds : 0;
        var firstToken = QueueSeconds(state, prefill + decode) + cold + rates.RoundTrip.TotalSeconds + prefill;

        var busy = Span(prefill + decode);
        var joules = CostModel.Joules(descriptor, busy);
        return new(
            firstToken,
            firstToken + decode,
            CostModel.Dollars(descriptor, profile.InputTokens, profile.ExpectedOutputTokens, busy),
            joules,
            CostModel.Grams(descriptor, joules));
    }

    public static TimeSpan Span(double seconds) => TimeSpan.FromSeconds(Math.Clamp(double.IsNaN(seconds) ? LongestSeconds : seconds, 0, LongestSeconds));

    /// <summary>Those ahead of us, taken to be like us, shared among the slots.</summary>
    private static double QueueSeconds(TargetState state, double service)
    {
        var full = state.Slots > 0 && state.BusySlots >= state.Slots;
        var ahead = state.QueueLength + (full ? 1 : 0);
        return ahead == 0 ? 0 : ahead * service / Math.Max(state.Slots, 1);
    }
}
