using Hybrid.Accounting;

namespace Hybrid.Tests.Accounting.Carbon;

/// <summary>A provider that says what it is told to and counts the questions.</summary>
internal sealed class ScriptedGrid : IGridProvider
{
    private int _asked;
    private int _open;

    public string Name => "script";

    public IntensityKind Kind => IntensityKind.Marginal;

    public TimeSpan FreshFor => TimeSpan.FromMinutes(5);

    public TimeSpan ForecastFreshFor => TimeSpan.FromMinutes(30);

    public Func<Task<double>> Current { get; set; } = () => Task.FromResult(100.0);

    public Func<Task<IReadOnlyList<GridForecastPoint>>> Forecast { get; set; } = () => throw new GridAnswerException("none is sold");

    public int Asked => _asked;

    public int ForecastsAsked { get; private set; }

    public int MostAtOnce { get; private set; }

    public async Task<double> CurrentAsync(string zone, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _asked);
        MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref _open));
        try
        {
            return await Current();
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    public Task<IReadOnlyList<GridForecastPoint>> ForecastAsync(string zone, CancellationToken cancellationToken)
    {
        ForecastsAsked++;
        return Forecast();
    }

    public void Dispose()
    {
    }
}
