using Hybrid.Targets;

namespace Hybrid.Accounting;

/// <summary>The formulas for dollars, joules, grams and quality; the policy predicts and the receipts settle with the same ones.</summary>
public static class CostModel
{
    private const double JoulesPerKilowattHour = 3_600_000;
    private const double GramsPerTon = 1_000_000;

    /// <summary>Dollars: tokens times their prices, plus busy hours times the price of an hour.</summary>
    /// <param name="target">Whose prices.</param>
    /// <param name="inputTokens">Prompt tokens, cached ones included.</param>
    /// <param name="cachedTokens">How many of those needed no prefill.</param>
    /// <param name="outputTokens">Tokens decoded.</param>
    /// <param name="busy">Prefill and decode time; queue and network are not charged.</param>
    public static double Dollars(TargetDescriptor target, double inputTokens, double cachedTokens, double outputTokens, TimeSpan busy)
    {
        ArgumentNullException.ThrowIfNull(target);
        return (target.DollarsPerMillionInputTokens * (inputTokens - cachedTokens) / 1e6)
            + ((target.DollarsPerMillionCachedTokens ?? target.DollarsPerMillionInputTokens) * cachedTokens / 1e6)
            + (target.DollarsPerMillionOutputTokens * outputTokens / 1e6)
            + (target.DollarsPerHour * busy.TotalHours);
    }

    /// <summary>Dollars for waking a cold target: its cold start and the time it then stays warm, at the price of an idle hour.</summary>
    public static double WakingDollars(TargetDescriptor target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return target.IdleDollarsPerHour * (target.ColdStart.TotalHours + target.StaysWarm.TotalHours);
    }

    /// <summary>Energy in joules: active watts times busy time where watts are stated, else away from this device a model of GPU servers; times the site's power usage effectiveness.</summary>
    /// <remarks>The model is EcoLogits' (ecologits.ai); it knows tokens of the answer and parameters alone. On this device unstated watts count as 0.</remarks>
    public static double Joules(TargetDescriptor target, double outputTokens, TimeSpan busy)
    {
        ArgumentNullException.ThrowIfNull(target);
        return (IsModelled(target) ? EnergyModel.JoulesPerToken(target.ParametersBillions) * outputTokens : target.ActiveWatts * busy.TotalSeconds) * target.PowerUsageEffectiveness;
    }

    /// <summary>Whether a target's energy is a model's: GPU servers are no model of a phone.</summary>
    internal static bool IsModelled(TargetDescriptor target) => target.ActiveWatts == 0 && target.ParametersBillions > 0 && target.Zone != Zone.Device;

    /// <summary>Operational emissions in grams CO2e: energy times grid intensity (E·I of ISO/IEC 21031).</summary>
    public static double Grams(double joules, double gramsPerKilowattHour) => joules / JoulesPerKilowattHour * gramsPerKilowattHour;

    /// <summary>Embodied emissions in grams CO2e: the busy time's share of making the hardware (M of ISO/IEC 21031).</summary>
    public static double EmbodiedGrams(TargetDescriptor target, TimeSpan busy)
    {
        ArgumentNullException.ThrowIfNull(target);
        return target.EmbodiedGramsPerHour * busy.TotalHours;
    }

    /// <summary>What grams cost at a price per metric ton.</summary>
    public static double CarbonDollars(double grams, double dollarsPerTon) => grams / GramsPerTon * dollarsPerTon;

    /// <summary>Quality from 0 to 1: as measured, else 0.329 + 0.126·log10(billions of parameters), else 0.</summary>
    /// <remarks>The estimate is Ploskonka 2026, doi 10.18267/j.aip.313. Neither figure known counts as 0: nothing is claimed.</remarks>
    public static double Quality(TargetDescriptor target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return Math.Clamp(target.Quality ?? target.EstimatedQuality, 0, 1);
    }

    internal static double EstimateQuality(double parametersBillions) => parametersBillions > 0 ? 0.329 + (0.126 * Math.Log10(parametersBillions)) : 0;
}
