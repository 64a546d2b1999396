using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Tests.Policy;

namespace Hybrid.Tests.Accounting;

public class PriceScheduleTests
{
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    [Theory]
    [InlineData("2026-01-15T20:59Z", 1)] // 21:59 in winter
    [InlineData("2026-01-15T21:00Z", 0.5)]
    [InlineData("2026-01-16T04:59Z", 0.5)] // over midnight
    [InlineData("2026-01-16T05:00Z", 1)]
    [InlineData("2026-07-15T20:00Z", 0.5)] // 22:00 in summer
    [InlineData("2026-07-15T16:30Z", 1.5)]
    public void A_band_goes_by_the_clock_on_the_wall(string time, double factor) =>
        Assert.Equal(factor, Night().FactorAt(At(time)));

    [Fact]
    public void Where_the_clocks_go_forward_the_night_is_an_hour_shorter()
    {
        // 2026-03-29: 02:00 becomes 03:00 in Berlin. 22:00 is 21:00Z before it, 06:00 is 04:00Z after it.
        Assert.Equal([At("2026-03-28T21:00Z"), At("2026-03-29T04:00Z")], Night().Changes(At("2026-03-28T20:00Z"), At("2026-03-29T12:00Z")));
        var skipped = new PriceSchedule(Berlin, [new(TimeSpan.FromHours(2), TimeSpan.FromHours(3), 0.1)]);
        Assert.Empty(skipped.Changes(At("2026-03-28T22:00Z"), At("2026-03-29T22:00Z")));
        var half = new PriceSchedule(Berlin, [new(new(2, 30, 0), TimeSpan.FromHours(5), 0.1)]);
        Assert.Equal([At("2026-03-29T01:00Z"), At("2026-03-29T03:00Z")], half.Changes(At("2026-03-28T22:00Z"), At("2026-03-29T22:00Z")));
    }

    [Fact]
    public void Where_they_go_back_it_is_an_hour_longer()
    {
        // 2026-10-25: 03:00 becomes 02:00 in Berlin. 22:00 is 20:00Z before it, 06:00 is 05:00Z after it.
        Assert.Equal([At("2026-10-24T20:00Z"), At("2026-10-25T05:00Z")], Night().Changes(At("2026-10-24T18:00Z"), At("2026-10-25T12:00Z")));
        var repeated = new PriceSchedule(Berlin, [new(TimeSpan.FromHours(2), new(2, 30, 0), 0.1)]);
        Assert.Equal(
            [At("2026-10-25T00:00Z"), At("2026-10-25T00:30Z"), At("2026-10-25T01:00Z"), At("2026-10-25T01:30Z")],
            repeated.Changes(At("2026-10-24T22:00Z"), At("2026-10-25T22:00Z")));
    }

    [Fact]
    public void Changes_are_exactly_where_the_factor_changes_through_a_year()
    {
        var schedule = Night();
        var (start, end) = (At("2026-01-01T00:00Z"), At("2027-01-01T00:00Z"));
        var factor = schedule.FactorAt(start);
        var changes = new Queue<DateTimeOffset>(schedule.Changes(start, end));
        Assert.Equal(365 * 4, changes.Count);
        for (var at = start; at < end; at = at.AddMinutes(15))
        {
            if (changes.TryPeek(out var next) && next == at)
            {
                Assert.NotEqual(factor, schedule.FactorAt(at));
                factor = schedule.FactorAt(changes.Dequeue());
            }

            Assert.Equal(factor, schedule.FactorAt(at));
        }

        Assert.Empty(changes);
    }

    [Fact]
    public void Every_price_of_a_target_is_multiplied()
    {
        var target = (TestTargets.Cloud with { DollarsPerHour = 1 }).Warm();
        var half = target with { PriceFactor = 0.5 };
        var (whole, cheap) = (Of(target), Of(half));
        Assert.Equal(whole.PriceDollars / 2, cheap.PriceDollars, 12);
        Assert.Equal(whole.TimeDollars, cheap.TimeDollars);
        Assert.Contains("prices times 0.5 by its schedule", cheap.Notes);

        static TargetAssessment Of(TargetSnapshot target) => PolicyEngine.Decide(TestTargets.Chat, [target], PolicyPresets.Balanced).Targets[0];
    }

    [Theory]
    [InlineData("22:00", "06:00", double.NaN, "the factor NaN is out of range")]
    [InlineData("22:00", "06:00", -1, "the factor -1 is out of range")]
    [InlineData("22:00", "22:00", 1, "it begins and ends at 22:00")]
    [InlineData("1.00:00", "02:00", 1, "1.00:00:00 to 02:00:00 are not both whole minutes")]
    [InlineData("17:00", "23:00", 1, "it overlaps band 0")]
    public void A_band_that_cannot_be_used_is_refused(string from, string until, double factor, string reason)
    {
        PriceBand[] bands = [new(TimeSpan.FromHours(18), TimeSpan.FromHours(20), 1.5), new(TimeSpan.Parse(from, null), TimeSpan.Parse(until, null), factor)];
        var error = Assert.Throws<HybridException>(() => new PriceSchedule(Berlin, bands));
        Assert.Equal(HybridError.Configuration, error.Error);
        Assert.Contains("Bands:1: " + reason, error.Message, StringComparison.Ordinal);
    }

    private static PriceSchedule Night() => new(Berlin, [new(TimeSpan.FromHours(22), TimeSpan.FromHours(6), 0.5), new(TimeSpan.FromHours(18), TimeSpan.FromHours(20), 1.5)]);

    private static DateTimeOffset At(string time) => DateTimeOffset.Parse(time, null);
}
