using Hybrid.Accounting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Tests.Accounting.Carbon;

public sealed class CachedGridTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly ScriptedGrid _provider = new();
    private readonly CachedGrid _grid;

    public CachedGridTests() => _grid = new(_provider, _time, NullLogger.Instance);

    public void Dispose() => _grid.Dispose();

    [Fact]
    public async Task A_figure_is_live_then_cached_and_asked_again_after_five_minutes()
    {
        await _grid.ReadyAsync("DE");
        Assert.Equal(new GridIntensity(100, IntensityKind.Marginal, "script", IntensityProvenance.Live), _grid.Read("DE").Current);
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(new GridIntensity(100, IntensityKind.Marginal, "script", IntensityProvenance.Cached), _grid.Read("DE").Current);
        Assert.Equal(1, _provider.Asked);

        var answer = new TaskCompletionSource<double>(TaskCreationOptions.RunContinuationsAsynchronously);
        _provider.Current = () => answer.Task;
        _time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(100, _grid.Read("DE").Current!.GramsPerKilowattHour); // the old one, while the new one is asked for
        answer.SetResult(50);
        await _grid.ReadyAsync("DE");
        Assert.Equal((50, IntensityProvenance.Live), (_grid.Read("DE").Current!.GramsPerKilowattHour, _grid.Read("DE").Current!.Provenance));
        Assert.Equal((2, 1), (_provider.Asked, _provider.ForecastsAsked));
    }

    [Fact]
    public async Task A_decision_never_waits_and_one_question_at_a_time_is_open_for_a_zone()
    {
        var answer = new TaskCompletionSource<double>(TaskCreationOptions.RunContinuationsAsynchronously);
        _provider.Current = () => answer.Task;
        var readings = new GridReading[64];
        Parallel.For(0, readings.Length, i => readings[i] = _grid.Read("DE"));
        Assert.All(readings, reading => Assert.Null(reading.Current));
        Assert.All(readings, reading => Assert.Contains("not asked yet", reading.Problem, StringComparison.Ordinal));
        answer.SetResult(7);
        await _grid.ReadyAsync("DE");
        Assert.Equal(7, _grid.Read("DE").Current!.GramsPerKilowattHour);
        Assert.Equal((1, 1), (_provider.Asked, _provider.MostAtOnce));
        await _grid.ReadyAsync("FR"); // a zone of its own
        Assert.Equal(2, _provider.Asked);
    }

    [Fact]
    public async Task While_the_provider_fails_the_last_figure_counts_for_an_hour_and_says_why()
    {
        await _grid.ReadyAsync("DE");
        _provider.Current = () => throw new GridAnswerException("it answered HTTP 500");
        _time.Advance(TimeSpan.FromMinutes(5));
        await _grid.ReadyAsync("DE");
        var kept = _grid.Read("DE").Current!;
        Assert.Equal((100, IntensityProvenance.Cached), (kept.GramsPerKilowattHour, kept.Provenance));
        Assert.Equal("script, an earlier answer: since 2026-01-01 00:05Z it answered HTTP 500", kept.Source);
        Assert.Equal(2, _provider.Asked);

        _time.Advance(CachedGrid.RetryAfter - TimeSpan.FromSeconds(1));
        await _grid.ReadyAsync("DE");
        Assert.Equal(2, _provider.Asked); // not hammered
        _time.Advance(TimeSpan.FromSeconds(1));
        await _grid.ReadyAsync("DE");
        Assert.Equal(3, _provider.Asked);

        _time.Advance(CachedGrid.ValidFor);
        await _grid.ReadyAsync("DE");
        Assert.Null(_grid.Read("DE").Current);
        Assert.Equal("script: it answered HTTP 500", _grid.Read("DE").Problem);

        _provider.Current = () => Task.FromResult(60.0);
        _time.Advance(CachedGrid.RetryAfter);
        await _grid.ReadyAsync("DE");
        Assert.Equal((60, IntensityProvenance.Live), (_grid.Read("DE").Current!.GramsPerKilowattHour, _grid.Read("DE").Current!.Provenance));
    }

    [Fact]
    public async Task A_forecast_goes_on_where_figures_stop()
    {
        var start = _time.GetUtcNow();
        _provider.Forecast = () => Task.FromResult<IReadOnlyList<GridForecastPoint>>([new(start.AddHours(2), start.AddHours(3), 33)]);
        await _grid.ReadyAsync("DE");
        _provider.Current = () => throw new HttpRequestException(HttpRequestError.ConnectionError);
        _time.Advance(TimeSpan.FromHours(2));
        await _grid.ReadyAsync("DE");
        Assert.Equal(new GridIntensity(33, IntensityKind.Marginal, "script, from its last forecast", IntensityProvenance.Cached), _grid.Read("DE").Current);
        _time.Advance(TimeSpan.FromHours(1));
        await _grid.ReadyAsync("DE");
        Assert.Equal("script: it could not be reached (ConnectionError)", _grid.Read("DE").Problem);
    }

    [Fact]
    public async Task A_provider_that_hangs_is_given_up_after_two_seconds()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var never = new TaskCompletionSource<double>();
        _provider.Current = () =>
        {
            asked.SetResult();
            return never.Task;
        };
        var ready = _grid.ReadyAsync("DE").AsTask();
        await asked.Task;
        _time.Advance(CachedGrid.Timeout);
        await ready;
        Assert.Equal("script: it did not answer within 2 s", _grid.Read("DE").Problem);
        Assert.Equal("script: none is sold", _grid.Read("DE").ForecastProblem);
    }

    [Fact]
    public async Task Whatever_a_provider_throws_stays_inside()
    {
        _provider.Current = () => throw new InvalidOperationException("secret detail");
        await _grid.ReadyAsync("DE");
        Assert.Equal("script: it could not be read (InvalidOperationException)", _grid.Read("DE").Problem);
        _grid.Dispose();
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(_grid.Read("DE").Current);
    }
}
