namespace Hybrid.CloudConnector.Pools;

/// <summary>The last 200 of some figure. Not thread-safe.</summary>
internal sealed class LastFigures
{
    private readonly double[] _figures = new double[200];
    private int _next;

    public int Count => Math.Min(_next, _figures.Length);

    public double Mean => Count == 0 ? 0 : _figures.AsSpan(0, Count).ToArray().Average();

    public double Median => Quantile(0.5);

    public void Add(double figure)
    {
        _figures[_next % _figures.Length] = figure;
        _next = _next == int.MaxValue ? _figures.Length : _next + 1;
    }

    /// <summary>The figure that a share of the others is below; 0 where there is none.</summary>
    /// <param name="share">0 to below 1.</param>
    public double Quantile(double share) => Count == 0 ? 0 : _figures.AsSpan(0, Count).ToArray().Order().ElementAt((int)(Count * share));
}
