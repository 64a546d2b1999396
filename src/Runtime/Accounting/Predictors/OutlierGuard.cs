namespace Hybrid.Accounting.Predictors;

/// <summary>How much a time counts by how far above its prediction it is.</summary>
/// <remarks>
/// Weights of Huber 1964, doi 10.1214/aoms/1177703732: up to the bound in full, beyond it as if it lay there. An outlier comes alone and
/// a change stays, so the bound doubles with each time in a row that is beyond it. Times below need no bound: none is less than zero.
/// </remarks>
internal sealed class OutlierGuard
{
    private const double Bound = 1; // twice the prediction
    private const int Change = 4;
    private const int MostInARow = 10;
    private int _inARow;

    /// <summary>So many in a row are no outliers: what was learned before is out of date.</summary>
    public bool HasChanged => _inARow >= Change;

    /// <summary>The weight of a time, above 0 to 1.</summary>
    /// <param name="error">Measured less predicted, over predicted.</param>
    public double Weigh(double error)
    {
        if (!(error > Bound))
        {
            _inARow = 0;
            return 1;
        }

        var bound = Bound * (1 << _inARow);
        _inARow = Math.Min(_inARow + 1, MostInARow);
        return Math.Min(1, bound / error);
    }
}
