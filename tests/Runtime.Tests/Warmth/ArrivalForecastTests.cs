using Hybrid.Warmth;

namespace Hybrid.Tests.Warmth;

public class ArrivalForecastTests
{
    private static readonly DateTimeOffset Monday = new(2026, 1, 5, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public void Nothing_is_expected_where_nothing_ever_came()
    {
        var forecast = new ArrivalForecast(TimeZoneInfo.Utc, Monday);
        Assert.Equal(0, forecast.Expected(Monday, Hour));
        Assert.Equal(0, forecast.Expected(Monday.AddDays(3), Hour));
    }

    [Fact]
    public void A_steady_stream_is_expected_to_go_on_and_one_that_stopped_to_stay_away()
    {
        var forecast = new ArrivalForecast(TimeZoneInfo.Utc, Monday);
        for (var i = 0; i <= 240; i++) forecast.Observe(Monday.AddSeconds(30 * i)); // two hours of 120 an hour
        var end = Monday.AddHours(2);
        Assert.InRange(forecast.Expected(end, Hour), 110, 130);
        Assert.InRange(forecast.Expected(end, TimeSpan.FromMinutes(5)), 9, 11);
        Assert.InRange(forecast.Expected(end.AddHours(2), Hour), 0, 3); // an hour of the week that is not known yet
    }

    [Fact]
    public void An_hour_of_the_week_that_was_busy_is_expected_to_be_so_again()
    {
        var forecast = new ArrivalForecast(TimeZoneInfo.Utc, Monday);
        for (var week = 0; week < 3; week++)
            for (var i = 0; i < 60; i++) forecast.Observe(Monday.AddDays(7 * week).AddHours(9).AddMinutes(i));
        var before = Monday.AddDays(21).AddHours(9).AddMinutes(-1);
        var busy = forecast.Expected(before.AddMinutes(1), Hour);
        Assert.InRange(busy, 30, 61); // the last minutes brought none, which speaks against it
        Assert.InRange(forecast.Expected(before, TimeSpan.FromMinutes(1)), 0, 0.001); // the hour before was always quiet
        Assert.InRange(forecast.Expected(before.AddDays(1), Hour), 0, 0.001); // and so is another day
    }

    [Fact]
    public void What_a_quiet_hour_usually_brings_is_forgotten_in_weeks_and_the_hours_are_the_local_clocks()
    {
        var zone = TimeZoneInfo.CreateCustomTimeZone("east", TimeSpan.FromHours(5.5), "east", "east");
        var forecast = new ArrivalForecast(zone, Monday);
        for (var i = 0; i < 60; i++) forecast.Observe(Monday.AddHours(9).AddMinutes(i));
        var (first, last) = (forecast.Expected(Monday.AddDays(7).AddHours(9), Hour), forecast.Expected(Monday.AddDays(7 * 30).AddHours(9), Hour));
        Assert.True(first > 20 && last < first / 5, $"{first} then {last}");
    }

    [Fact]
    public void A_clock_that_jumps_breaks_nothing()
    {
        var forecast = new ArrivalForecast(TimeZoneInfo.Utc, Monday);
        for (var i = 0; i < 60; i++) forecast.Observe(Monday.AddMinutes(i));
        forecast.Observe(Monday.AddYears(-1));
        forecast.Observe(Monday.AddYears(50));
        Assert.InRange(forecast.Expected(Monday.AddYears(50), Hour), 0, 100);
    }
}
