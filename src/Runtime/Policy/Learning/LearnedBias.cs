using System.Runtime.InteropServices;
using Hybrid.Accounting;

namespace Hybrid.Policy.Learning;

/// <summary>How far the score of one target is off for one kind of task.</summary>
/// <param name="Points">Quality points (0.01) above what is stated, by feedback.</param>
/// <param name="Factor">Measured price, time and carbon over predicted.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct LearnedBias(double Points, double Factor)
{
    public static LearnedBias None { get; } = new(0, 1);

    /// <summary>The bias at a policy's prices; 0 where the policy does not learn. Positive speaks against the target.</summary>
    public double Dollars(in RequestProfile profile, in TargetSnapshot target, RoutingPolicy policy)
    {
        if (!policy.Learn || this == None)
            return 0;
        // The very terms of the score: so they are only stretched, and a slower target never scores better for it.
        var prediction = Prediction.Of(profile, target, policy.LatencyQuantile);
        var dollars = ((Factor - 1) * Priced(policy, prediction.Dollars, prediction.TotalSeconds, prediction.Grams)) - (Points * policy.DollarsPerQualityPoint);
        return double.IsFinite(dollars) ? dollars : 0;
    }

    /// <summary>Price, time and carbon at a policy's prices.</summary>
    public static double Priced(RoutingPolicy policy, double dollars, double seconds, double grams) =>
        dollars + (seconds * policy.DollarsPerSecond) + CostModel.CarbonDollars(grams, policy.DollarsPerTonCarbon);
}
