using Hybrid.Accounting.Budgets;

namespace Hybrid.Tests.Accounting.Budgets;

public class BudgetWindowsTests
{
    [Theory]
    [InlineData("UTC", "2026-02-28T23:59:59Z", "2026-02-28T23:00Z", "2026-02-28T00:00Z", "2026-02-01T00:00Z")]
    [InlineData("UTC", "2026-03-01T00:00:00Z", "2026-03-01T00:00Z", "2026-03-01T00:00Z", "2026-03-01T00:00Z")]
    [InlineData("Asia/Kolkata", "2026-05-31T18:29:59Z", "2026-05-31T17:30Z", "2026-05-30T18:30Z", "2026-04-30T18:30Z")]
    [InlineData("Asia/Kolkata", "2026-05-31T18:30:00Z", "2026-05-31T18:30Z", "2026-05-31T18:30Z", "2026-05-31T18:30Z")]
    [InlineData("Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-29T00:00Z", "2026-03-28T23:00Z", "2026-02-28T23:00Z")] // 1:59, and next comes 3:00
    [InlineData("Europe/Berlin", "2026-03-29T21:59:59Z", "2026-03-29T21:00Z", "2026-03-28T23:00Z", "2026-02-28T23:00Z")] // the last of 23 hours
    [InlineData("Europe/Berlin", "2026-03-29T22:00:00Z", "2026-03-29T22:00Z", "2026-03-29T22:00Z", "2026-02-28T23:00Z")]
    [InlineData("Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T00:00Z", "2026-10-24T22:00Z", "2026-09-30T22:00Z")] // half past two
    [InlineData("Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T01:00Z", "2026-10-24T22:00Z", "2026-09-30T22:00Z")] // and once more
    [InlineData("Europe/Berlin", "2026-10-25T22:59:59Z", "2026-10-25T22:00Z", "2026-10-24T22:00Z", "2026-09-30T22:00Z")] // the last of 25 hours
    [InlineData("America/Havana", "2026-03-08T05:00:00Z", "2026-03-08T05:00Z", "2026-03-08T05:00Z", "2026-03-01T05:00Z")] // a day that begins at one
    [InlineData("America/Havana", "2026-11-01T05:10:00Z", "2026-11-01T05:00Z", "2026-11-01T04:00Z", "2026-11-01T04:00Z")] // the second midnight of a month's first day
    public void A_moment_belongs_to_an_hour_a_day_and_a_month_of_the_calendar(string zone, string moment, string hour, string day, string month) => Assert.Equal(
        new BudgetWindows(Seconds(hour), Seconds(day), Seconds(month)),
        BudgetWindows.At(DateTimeOffset.Parse(moment), TimeZoneInfo.FindSystemTimeZoneById(zone)));

    [Theory]
    [InlineData("Europe/Berlin", 365)]
    [InlineData("America/Havana", 365)]
    [InlineData("America/St_Johns", 365)]
    [InlineData("Australia/Lord_Howe", 365)] // goes back by half an hour
    public void Windows_follow_each_other_through_a_year(string name, int days)
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById(name);
        var first = new DateTimeOffset(2026, 1, 1, 0, 0, 0, zone.BaseUtcOffset + (zone.IsDaylightSavingTime(new DateTime(2026, 1, 1)) ? zone.GetAdjustmentRules()[^1].DaylightDelta : TimeSpan.Zero));
        HashSet<long> seenDays = [], seenMonths = [];
        BudgetWindows before = default;
        for (var moment = first; TimeZoneInfo.ConvertTime(moment, zone).Year == 2026; moment += TimeSpan.FromMinutes(10))
        {
            var now = BudgetWindows.At(moment, zone);
            for (var i = 0; i < BudgetWindows.Count; i++)
                Assert.InRange(now[i], before[i], moment.ToUnixTimeSeconds());
            Assert.InRange(moment.ToUnixTimeSeconds() - now.Hour, 0, 3599);
            Assert.Equal(now, now.Latest(before));
            seenDays.Add(now.Day);
            seenMonths.Add(now.Month);
            before = now;
        }

        Assert.Equal((days, 12), (seenDays.Count, seenMonths.Count));
    }

    private static long Seconds(string moment) => DateTimeOffset.Parse(moment).ToUnixTimeSeconds();
}
