using Hybrid.Accounting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Tests.Accounting.Carbon;

public class ElectricityMapsGridTests
{
    private const string Latest = """{"zone":"DE","carbonIntensity":302.5,"datetime":"2026-01-01T00:00:00.000Z","updatedAt":"2025-12-31T23:50:00Z","emissionFactorType":"lifecycle","isEstimated":true}""";
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task Now_and_the_hours_to_come_are_read_with_the_key_in_its_header()
    {
        await using var server = new GridServer
        {
            Answer = path => (200, path.Contains("latest", StringComparison.Ordinal)
                ? Latest
                : """{"zone":"DE","forecast":[{"carbonIntensity":250,"datetime":"2026-01-01T02:00:00.000Z"},{"carbonIntensity":326,"datetime":"2026-01-01T01:00:00.000Z"}],"updatedAt":"2026-01-01T00:00:00Z"}"""),
        };
        var reading = await ReadAsync(server);
        Assert.Equal(new GridIntensity(302.5, IntensityKind.Average, "Electricity Maps", IntensityProvenance.Live), reading.Current);
        var one = new DateTimeOffset(2026, 1, 1, 1, 0, 0, TimeSpan.Zero);
        Assert.Equal([new(one, one.AddHours(1), 326), new(one.AddHours(1), one.AddHours(2), 250)], reading.Forecast);
        Assert.Equal(["/v3/carbon-intensity/latest?zone=DE", "/v3/carbon-intensity/forecast?zone=DE"], server.Paths);
        Assert.All(server.Asked, head => Assert.Contains("auth-token: key-7\r\n", head, StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData(200, """{"zone":"DE","carbonIntensity":-5}""", "'carbonIntensity' is -5; 0 to 5000")]
    [InlineData(200, """{"zone":"DE","carbonIntensity":5000.5}""", "'carbonIntensity' is 5000.5")]
    [InlineData(200, """{"zone":"DE","carbonIntensity":1e999}""", "'carbonIntensity' is")]
    [InlineData(200, """{"zone":"DE","carbonIntensity":NaN}""", "not the expected JSON")]
    [InlineData(200, """{"zone":"DE","carbonIntensity":"380"}""", "'carbonIntensity' is text, not a number")]
    [InlineData(200, """{"zone":"DE","carbonIntensity":null}""", "'carbonIntensity' is missing")]
    [InlineData(200, "{}", "'carbonIntensity' is missing")]
    [InlineData(200, "[]", "an object with")]
    [InlineData(200, "42", "it gave a number")]
    [InlineData(200, "", "not the expected JSON")]
    [InlineData(200, "<html><body>Gateway</body></html>", "not the expected JSON")]
    [InlineData(200, """{"zone":"FR","carbonIntensity":20}""", "asked for zone 'DE' and answered for another")]
    [InlineData(200, """{"zone":"DE","carbonIntensity":20,"datetime":"2018-04-25T18:07:00Z"}""", "its figure is for 2018-04-25 18:07Z")]
    [InlineData(200, """{"zone":"DE","carbonIntensity":20,"datetime":7}""", "'datetime' is not a time")]
    [InlineData(401, Latest, "it answered HTTP 401")]
    [InlineData(429, Latest, "it answered HTTP 429")]
    [InlineData(500, Latest, "it answered HTTP 500")]
    [InlineData(302, Latest, "it answered HTTP 302")]
    public async Task An_answer_that_cannot_be_used_is_not_used_and_said(int status, string body, string reason)
    {
        await using var server = new GridServer { Answer = _ => (status, body) };
        var reading = await ReadAsync(server);
        Assert.Null(reading.Current);
        Assert.StartsWith("Electricity Maps: ", reading.Problem, StringComparison.Ordinal);
        Assert.Contains(reason, reading.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain("key-7", reading.Problem + reading.ForecastProblem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(403, "", "it answered HTTP 403")]
    [InlineData(200, """{"zone":"DE","forecast":{}}""", "'forecast' is an object, not a list")]
    [InlineData(200, """{"zone":"DE","forecast":[{"carbonIntensity":-1,"datetime":"2026-01-01T02:00:00Z"}]}""", "'carbonIntensity' is -1")]
    [InlineData(200, """{"zone":"DE","forecast":[{"carbonIntensity":1,"datetime":"soon"}]}""", "'datetime' is not a time")]
    [InlineData(200, """{"zone":"DE","forecast":[7]}""", "it gave a number")]
    public async Task A_forecast_that_cannot_be_used_leaves_the_figure_for_now(int status, string body, string reason)
    {
        await using var server = new GridServer { Answer = path => path.Contains("latest", StringComparison.Ordinal) ? (200, Latest) : (status, body) };
        var reading = await ReadAsync(server);
        Assert.Equal(302.5, reading.Current!.GramsPerKilowattHour);
        Assert.Empty(reading.Forecast);
        Assert.Contains(reason, reading.ForecastProblem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endless_answer_is_cut_off()
    {
        await using var server = new GridServer { Answer = _ => (200, new string(' ', 3 << 20) + Latest) };
        Assert.Contains("its answer is too long", (await ReadAsync(server)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_that_is_not_there_or_never_answers_is_given_up()
    {
        using var nobody = new HeldPort();
        using var gone = Grid(new(nobody.Address, "v3"));
        await gone.ReadyAsync("DE");
        Assert.Contains("it could not be reached", gone.Read("DE").Problem, StringComparison.Ordinal);

        await using var slow = new GridServer { Hangs = path => path.Contains("latest", StringComparison.Ordinal) };
        using var grid = Grid(slow.Address);
        Assert.Null(grid.Read("DE").Current); // does not wait
        var ready = grid.ReadyAsync("DE").AsTask();
        await slow.Arrived.Task;
        _time.Advance(CachedGrid.Timeout);
        await ready;
        Assert.Contains("it did not answer within 2 s", grid.Read("DE").Problem, StringComparison.Ordinal);
    }

    private CachedGrid Grid(Uri address) => new(new ElectricityMapsGrid(address, "key-7", _time), _time, NullLogger.Instance);

    private async Task<GridReading> ReadAsync(GridServer server)
    {
        using var grid = Grid(server.Address);
        await grid.ReadyAsync("DE");
        return grid.Read("DE");
    }
}
