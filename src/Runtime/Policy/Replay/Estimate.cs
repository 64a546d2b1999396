namespace Hybrid.Policy.Replay;

/// <summary>A mean over requests, with the interval that holds it 95 times of 100.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="Low">Null: fewer than two requests.</param>
/// <param name="High">Null: fewer than two requests.</param>
internal sealed record Estimate(double Mean, double? Low, double? High)
{
    private const double Normal95 = 1.959964;

    /// <returns>Null: there are no values.</returns>
    public static Estimate? Of(IReadOnlyList<double> values)
    {
        if (values.Count == 0)
            return null;
        var mean = values.Average();
        if (values.Count == 1)
            return new(mean, null, null);
        var variance = values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1);
        var half = Normal95 * Math.Sqrt(variance / values.Count);
        return new(mean, mean - half, mean + half);
    }
}
