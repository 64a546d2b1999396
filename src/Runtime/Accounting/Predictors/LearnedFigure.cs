namespace Hybrid.Accounting.Predictors;

/// <summary>A figure of 0 or more that starts from what is stated and follows what is seen.</summary>
/// <param name="stated">What it starts from and drifts back to.</param>
/// <param name="statedEvidence">How many measurements the stated figure is worth.</param>
/// <param name="bounded">Whether outliers are held back.</param>
/// <param name="forgetting">The clock.</param>
internal sealed class LearnedFigure(double stated, double statedEvidence, bool bounded, Forgetting forgetting)
{
    private const double Kept = 0.95; // the last twenty or so count
    private const double KeptAfterChange = 0.5;
    private const double Known = 5; // measurements after which one can be an outlier
    private readonly double _stated = stated;
    private readonly double _statedEvidence = statedEvidence;
    private readonly OutlierGuard _guard = new();
    private double _value = stated;
    private double _evidence = statedEvidence;
    private long _at = forgetting.Now;

    /// <summary>The figure, drifted back for as long as nothing was seen.</summary>
    public double Now => _stated + ((_value - _stated) * forgetting.KeptSince(_at));

    /// <param name="seen">What was measured, 0 or more.</param>
    /// <param name="weight">How much it says, above 0 to 1.</param>
    public void Learn(double seen, double weight = 1)
    {
        var counts = bounded && _evidence > Known ? weight * _guard.Weigh((seen - _value) / Math.Max(_value, 1e-9)) : weight;
        var kept = forgetting.KeptSince(_at) * Math.Pow(_guard.HasChanged ? KeptAfterChange : Kept, weight);
        var pull = (1 - kept) * _statedEvidence;
        _evidence = (kept * _evidence) + pull + counts;
        _value += ((counts * (seen - _value)) + (pull * (_stated - _value))) / _evidence;
        _at = forgetting.Now;
    }
}
