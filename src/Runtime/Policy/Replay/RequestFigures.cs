using System.Runtime.InteropServices;
using Hybrid.Accounting;
using Hybrid.Policy.Learning;
using Hybrid.Policy.Log;

namespace Hybrid.Policy.Replay;

/// <summary>What one request takes on one target: predicted or measured.</summary>
/// <param name="FirstToken">Seconds.</param>
/// <param name="Total">Seconds.</param>
/// <param name="Dollars">Price.</param>
/// <param name="Grams">Operational emission, grams CO2e.</param>
/// <param name="Quality">0 to 1, as stated and corrected by what was learned.</param>
/// <param name="Priced">Price, time and carbon in dollars, at the prices of the policy under test.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RequestFigures(double FirstToken, double Total, double Dollars, double Grams, double Quality, double Priced)
{
    public static readonly string[] Names = ["time to first token", "total time", "price", "emission", "quality", "price, time and carbon"];

    public static readonly string[] Units = ["s", "s", "$", "g CO2e", "", "$"];

    public double this[int metric] => metric switch
    {
        0 => FirstToken,
        1 => Total,
        2 => Dollars,
        3 => Grams,
        4 => Quality,
        _ => Priced,
    };

    public static RequestFigures Predicted(in RequestProfile profile, in TargetSnapshot target, LearnedBias learned, RoutingPolicy policy, double quantile = Prediction.Median)
    {
        var prediction = Prediction.Of(profile, target, quantile);
        return new(
            prediction.FirstTokenSeconds,
            prediction.TotalSeconds,
            prediction.Dollars,
            prediction.Grams,
            QualityOf(target, learned),
            LearnedBias.Priced(policy, prediction.Dollars, prediction.TotalSeconds, prediction.Grams));
    }

    public static RequestFigures Measured(Outcome outcome, double quality, RoutingPolicy policy) => new(
        outcome.FirstTokenSeconds ?? outcome.TotalSeconds,
        outcome.TotalSeconds,
        outcome.Dollars,
        outcome.Grams,
        quality,
        LearnedBias.Priced(policy, outcome.Dollars, outcome.TotalSeconds, outcome.Grams));

    private static double QualityOf(in TargetSnapshot target, LearnedBias learned) => Math.Clamp(CostModel.Quality(target.Descriptor) + (learned.Points / 100), 0, 1);
}
