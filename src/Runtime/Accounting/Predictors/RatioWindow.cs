namespace Hybrid.Accounting.Predictors;

/// <summary>How far the latest measurements lay from what was predicted before them, as a band.</summary>
/// <remarks>
/// Each level is a quantile of the window at rank level·(n + 1), as in split conformal prediction (Vovk, Gammerman and Shafer 2005,
/// doi 10.1007/b106715): a new ratio lies below it with just that probability, whatever the distribution. Where the distribution moves,
/// the level that is looked up follows how often the band held (Gibbs and Candès 2021, arXiv 2106.00170). A window that holds too few for
/// the outermost levels is filled up with what <see cref="RatioBand.Young"/> says, so that a young band is wide.
/// </remarks>
internal sealed class RatioWindow(Forgetting forgetting)
{
    private const int Capacity = 199; // all levels fall on or beside a whole rank of 200
    private const int YoungRatios = 39; // the least that reach the outermost levels of a 95 % band
    private const double Pace = 0.005;
    private const double Reach = 0.9;
    private const double BeyondTheLast = 1.5;
    private const double Least = 1e-3;
    private static readonly double[] Young = [.. Enumerable.Range(1, YoungRatios).Select(i => RatioBand.Young.At(i / (YoungRatios + 1.0)))];

    private readonly Queue<double> _latest = new(Capacity + 1);
    private readonly List<double> _sorted = new(Capacity + 1);
    private readonly double[] _levels = [.. RatioBand.Levels];
    private RatioBand _band = RatioBand.Young;
    private long _at = forgetting.Now;

    /// <summary>The band, widened for as long as nothing was measured.</summary>
    public RatioBand Now => _sorted.Count == 0 ? RatioBand.Young : _band.Toward(RatioBand.Young, forgetting.KeptSince(_at));

    /// <param name="ratio">Measured over predicted, 0 or more.</param>
    public void Add(double ratio)
    {
        ratio = Math.Clamp(ratio, Least, 1 / Least);
        if (_sorted.Count >= YoungRatios)
            Adapt(ratio, Now);
        _latest.Enqueue(ratio);
        Insert(ratio);
        if (_latest.Count > Capacity)
            _sorted.RemoveAt(_sorted.BinarySearch(_latest.Dequeue()));
        _band = Measure();
        _at = forgetting.Now;
    }

    /// <summary>Held too often, look nearer to the middle; too seldom, farther out.</summary>
    private void Adapt(double ratio, RatioBand shown)
    {
        for (var i = 0; i < _levels.Length; i++)
        {
            var level = RatioBand.Levels[i];
            var below = ratio <= shown.At(level) ? 1 : 0;
            var reach = Reach * Math.Min(level, 1 - level);
            _levels[i] = Math.Clamp(_levels[i] + (Pace * (level - below)), level - reach, level + reach);
        }
    }

    private void Insert(double ratio)
    {
        var at = _sorted.BinarySearch(ratio);
        _sorted.Insert(at < 0 ? ~at : at, ratio);
    }

    private RatioBand Measure()
    {
        var young = Math.Max(0, YoungRatios - _sorted.Count) / (double)YoungRatios;
        var points = _sorted.Select(ratio => (Ratio: ratio, Weight: 1.0));
        if (young > 0)
            points = points.Concat(Young.Select(ratio => (Ratio: ratio, Weight: young))).OrderBy(point => point.Ratio);
        List<(double Ratio, double Rank)> ranked = [];
        var rank = 0.0;
        foreach (var (ratio, weight) in points)
            ranked.Add((ratio, rank += weight));
        // Nobody knows what lies beyond the outermost: so far, and no farther.
        ranked.Insert(0, (ranked[0].Ratio / BeyondTheLast, 0));
        ranked.Add((ranked[^1].Ratio * BeyondTheLast, rank + 1));

        var ratios = new double[_levels.Length];
        for (var i = 0; i < ratios.Length; i++)
            ratios[i] = Math.Max(i == 0 ? 0 : ratios[i - 1], At(ranked, _levels[i] * (rank + 1)));
        return new(ratios);
    }

    private static double At(List<(double Ratio, double Rank)> ranked, double rank)
    {
        var i = 1;
        while (i < ranked.Count - 1 && ranked[i].Rank < rank)
            i++;
        var (before, after) = (ranked[i - 1], ranked[i]);
        return before.Ratio + ((after.Ratio - before.Ratio) * Math.Clamp((rank - before.Rank) / (after.Rank - before.Rank), 0, 1));
    }
}
