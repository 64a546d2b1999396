namespace Hybrid.CloudConnector.Pools.Balancing;

/// <summary>The last 200 of some figure. Not thread-safe.</summary>
internal sealed class LastFigures
{
    private readonly double[] _figures = new double[200];
    private int _next;

    public int Count => Math.Min(_next, _figures.Length);

    public double Mean => Count == 0 ? 0 : _figures.AsSpan(0, Count).ToArray().Average();

    public double Median => Count == 0 ? 0 : _figures.AsSpan(0, Count).ToArray().Order().ElementAt(Count / 2);

    public void Add(double figure)
    {
        _figures[_next % _figures.Length] = figure;
        _next = _next == int.MaxValue ? _figures.Length : _next + 1;
    }
}
