using Hybrid.Accounting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Tests.Accounting.Carbon;

public sealed class FileGridTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-grid").FullName;
    private readonly CachedGrid _grid;

    public FileGridTests() => _grid = new(new FileGrid(Path.Combine(_folder, "grid.json"), IntensityKind.Marginal, _time), _time, NullLogger.Instance);

    public void Dispose()
    {
        _grid.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task The_first_look_reads_it_and_a_change_is_seen_within_seconds()
    {
        Write("""
            { "zones": { "DE": 380, "FR": { "now": 60, "forecast": [
                { "from": "2026-01-01T01:00:00Z", "gramsPerKilowattHour": 20 },
                { "from": "2026-01-01T02:00:00Z", "until": "2026-01-01T02:15:00Z", "gramsPerKilowattHour": 10 } ] } } }
            """);
        Assert.Equal(new GridIntensity(380, IntensityKind.Marginal, "file grid.json", IntensityProvenance.Live), _grid.Read("DE").Current);
        var forecast = _grid.Read("FR").Forecast;
        Assert.Equal([(60.0, 20.0), (15.0, 10.0)], forecast.Select(point => ((point.Until - point.From).TotalMinutes, point.GramsPerKilowattHour)));
        Assert.Contains("zone 'DE' has no forecast", _grid.Read("DE").ForecastProblem, StringComparison.Ordinal);

        Write("""{ "zones": { "DE": 90.25 } }""");
        _time.Advance(TimeSpan.FromSeconds(5));
        await _grid.ReadyAsync("DE");
        Assert.Equal(90.25, _grid.Read("DE").Current!.GramsPerKilowattHour);
    }

    [Fact]
    public async Task A_forecast_for_this_hour_counts_before_the_figure_for_now()
    {
        Write("""{ "zones": { "FR": { "now": 60, "forecast": [ { "from": "2026-01-01T01:00:00Z", "gramsPerKilowattHour": 20 } ] } } }""");
        Assert.Equal(60, _grid.Read("FR").Current!.GramsPerKilowattHour);
        _time.Advance(TimeSpan.FromHours(1));
        await _grid.ReadyAsync("FR");
        Assert.Equal(20, _grid.Read("FR").Current!.GramsPerKilowattHour);
    }

    [Theory]
    [InlineData(null, "there is no such file")]
    [InlineData("", "it is not JSON")]
    [InlineData("{", "it is not JSON")]
    [InlineData("[]", "an object with 'zones'")]
    [InlineData("{}", "'zones' is missing")]
    [InlineData("""{ "zones": [] }""", "'zones' is not an object")]
    [InlineData("""{ "zones": { "FR": 60 } }""", "it has no zone 'DE'")]
    [InlineData("""{ "zones": { "DE": -1 } }""", "a zone's figure is -1")]
    [InlineData("""{ "zones": { "DE": "dirty" } }""", "a zone is neither a number nor an object")]
    [InlineData("""{ "zones": { "DE": {} } }""", "neither 'now' nor a forecast")]
    [InlineData("""{ "zones": { "DE": { "now": 1, "forecast": [ 7 ] } } }""", "an object with 'from'")]
    [InlineData("""{ "zones": { "DE": { "now": 1, "forecast": [ { "from": "2026-01-01T01:00:00Z" } ] } } }""", "'gramsPerKilowattHour' is missing")]
    [InlineData("""{ "zones": { "DE": { "now": 1, "forecast": [ { "from": "2026-01-01T01:00:00Z", "until": "2026-01-01T01:00:00Z", "gramsPerKilowattHour": 3 } ] } } }""", "ends before it begins")]
    public void A_file_that_cannot_be_used_is_said(string? text, string reason)
    {
        if (text is not null) Write(text);
        var reading = _grid.Read("DE");
        Assert.Null(reading.Current);
        Assert.Contains("file grid.json: ", reading.Problem, StringComparison.Ordinal);
        Assert.Contains(reason, reading.Problem, StringComparison.Ordinal);
    }

    private void Write(string text) => File.WriteAllText(Path.Combine(_folder, "grid.json"), text);
}
