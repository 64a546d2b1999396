using Hybrid.Accounting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Tests.Accounting.Carbon;

public class UkGridTests
{
    private const string Half = """{"from":"2026-01-01T00:00Z","to":"2026-01-01T00:30Z","intensity":{"forecast":266,"actual":263,"index":"moderate"}}""";
    private const string Next = """{"from":"2026-01-01T00:30Z","to":"2026-01-01T01:00Z","intensity":{"forecast":190,"actual":null,"index":"low"}}""";
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task The_nations_half_hours_are_read()
    {
        await using var server = new GridServer { Answer = path => (200, $$"""{"data":[{{(path.EndsWith("/intensity", StringComparison.Ordinal) ? Half : Half + "," + Next)}}]}""") };
        var reading = await ReadAsync(server, "GB");
        Assert.Equal(new GridIntensity(263, IntensityKind.Average, "UK Carbon Intensity API", IntensityProvenance.Live), reading.Current);
        var start = _time.GetUtcNow();
        Assert.Equal([new(start, start.AddMinutes(30), 266), new(start.AddMinutes(30), start.AddHours(1), 190)], reading.Forecast);
        Assert.Equal(["/v3/intensity", "/v3/intensity/2026-01-01T00:00Z/fw48h"], server.Paths);
    }

    [Fact]
    public async Task Where_nothing_was_measured_yet_the_forecast_counts()
    {
        await using var server = new GridServer { Answer = _ => (200, $$"""{"data":[{{Next}}]}""") };
        Assert.Equal(190, (await ReadAsync(server, "gb")).Current!.GramsPerKilowattHour);
    }

    [Fact]
    public async Task A_region_is_asked_by_its_number_and_comes_wrapped()
    {
        await using var server = new GridServer
        {
            Answer = path => (200, path.Contains("fw48h", StringComparison.Ordinal)
                ? $$"""{"data":{"regionid":13,"shortname":"London","data":[{{Half}},{{Next}}]} }"""
                : """{"data":[{"regionid":13,"shortname":"London","data":[{"from":"2026-01-01T00:00Z","to":"2026-01-01T00:30Z","intensity":{"forecast":120,"index":"low"}}]}]}"""),
        };
        var reading = await ReadAsync(server, "GB-13");
        Assert.Equal(120, reading.Current!.GramsPerKilowattHour);
        Assert.Equal([266, 190], reading.Forecast.Select(point => point.GramsPerKilowattHour));
        Assert.Equal(["/v3/regional/regionid/13", "/v3/regional/intensity/2026-01-01T00:00Z/fw48h/regionid/13"], server.Paths);
    }

    [Theory]
    [InlineData(200, """{"data":[]}""", "'data' is empty")]
    [InlineData(200, """{"data":[{"from":"2026-01-01T00:00Z"}]}""", "'intensity' is missing")]
    [InlineData(200, """{"data":[{"from":"2026-01-01T00:00Z","intensity":{"forecast":-1}}]}""", "'forecast' is -1")]
    [InlineData(200, """{"data":[{"from":"2026-01-01T00:00Z","intensity":{"actual":"low","forecast":1}}]}""", "'actual' is text")]
    [InlineData(200, """{"data":[{"from":"2018-01-20T12:00Z","intensity":{"forecast":266}}]}""", "its figure is for 2018-01-20")]
    [InlineData(200, """{"data":"none"}""", "'data' is text, not a list")]
    [InlineData(200, """{"data":[1]}""", "an object with")]
    [InlineData(200, """{"error":{"code":"400"}}""", "'data' is missing")]
    [InlineData(200, "<!doctype html>", "not the expected JSON")]
    [InlineData(503, "", "it answered HTTP 503")]
    public async Task An_answer_that_cannot_be_used_is_not_used_and_said(int status, string body, string reason)
    {
        await using var server = new GridServer { Answer = _ => (status, body) };
        var reading = await ReadAsync(server, "GB");
        Assert.Null(reading.Current);
        Assert.Contains(reason, reading.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GB", true)]
    [InlineData("gb-1", true)]
    [InlineData("GB-17", true)]
    [InlineData("GB-18", false)]
    [InlineData("GB-0", false)]
    [InlineData("GB--1", false)]
    [InlineData("GB-", false)]
    [InlineData("DE", false)]
    [InlineData(null, false)]
    public async Task Only_the_nation_and_its_regions_are_zones(string? zone, bool known)
    {
        Assert.Equal(known, UkGrid.TryZone(zone, out _));
        if (known || zone is null) return;
        await using var server = new GridServer();
        Assert.Contains("it knows no zone", (await ReadAsync(server, zone)).Problem, StringComparison.Ordinal);
        Assert.Empty(server.Asked);
    }

    private async Task<GridReading> ReadAsync(GridServer server, string zone)
    {
        using var grid = new CachedGrid(new UkGrid(server.Address, _time), _time, NullLogger.Instance);
        await grid.ReadyAsync(zone);
        return grid.Read(zone);
    }
}
