using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Tests.Policy;

public class DeferralTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 28, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    [Fact]
    public void It_goes_to_the_greenest_slot_and_says_so()
    {
        var plan = Plan(Now.AddHours(6), 400, 300, 80, 200, 80);
        Assert.Equal(Now.AddHours(2), plan.StartAt); // the first of two that are alike
        Assert.True(plan.IsDeferred);
        Assert.StartsWith("deferred from 2026-03-28 12:00Z to 2026-03-28 14:00Z, it could wait until 2026-03-28 18:00Z: device at 80 g/kWh is expected to score $", plan.ToString(), StringComparison.Ordinal);
        Assert.EndsWith(" lower then than device at 400 g/kWh now", plan.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tie_a_dirtier_future_and_no_forecast_run_at_once()
    {
        Assert.Equal("no later slot is expected to score lower", At(Plan(Now.AddHours(6), 80, 80, 80)));
        Assert.Equal("no later slot is expected to score lower", At(Plan(Now.AddHours(6), 80, 300, 400)));
        Assert.Equal("neither a forecast nor a price schedule says that anything changes until then (none is sold)", At(Plan(Now.AddHours(6), 80)));
        Assert.Equal("neither a forecast nor a price schedule says that anything changes until then", At(Plan(Now.AddMinutes(30), 400, 80))); // the forecast begins later
        Assert.Equal("that time has passed", At(Plan(Now, 400, 80)));

        static string At(Deferral plan)
        {
            Assert.Equal(Now, plan.StartAt);
            Assert.Equal(TimeSpan.Zero, plan.StartAt - plan.AskedAt);
            Assert.StartsWith("not deferred, though it could wait until", plan.ToString(), StringComparison.Ordinal);
            return plan.Reason;
        }
    }

    [Fact]
    public void A_slot_too_late_to_be_complete_in_time_is_not_taken()
    {
        var target = (TestTargets.Device with { PrefillTokensPerSecond = 1, DecodeTokensPerSecond = 1 }).Warm(); // 428 s and more
        var total = PolicyEngine.Decide(TestTargets.Chat, [target], PolicyPresets.Green).Targets[0].TotalTime;
        Assert.Equal(Now.AddHours(1), Plan(Now.AddHours(1) + total, target, TestTargets.Chat, 400, 80).StartAt);
        Assert.Equal(Now, Plan(Now.AddHours(1) + total - TimeSpan.FromSeconds(1), target, TestTargets.Chat, 400, 80).StartAt);
        var deadline = TestTargets.Chat with { TimeLeft = TimeSpan.FromHours(1) + total - TimeSpan.FromSeconds(1) };
        Assert.Equal(Now, Plan(Now.AddHours(9), target, deadline, 400, 80).StartAt);
    }

    [Fact]
    public void A_default_is_not_compared_with_a_forecast()
    {
        var target = TestTargets.Device.Warm() with { Grid = new(445, IntensityKind.Average, "out of reach", IntensityProvenance.Default) };
        Assert.False(DeferralPlanner.Plan(Waiting(TestTargets.Chat, Now.AddHours(6)), [target], [Reading(445, 10, 10)], PolicyPresets.Green, Now).IsDeferred);
    }

    [Fact]
    public void A_price_schedule_is_enough_and_follows_the_clocks()
    {
        var night = new PriceSchedule(Berlin, [new(TimeSpan.FromHours(2), TimeSpan.FromHours(6), 0.2)]);
        var target = (TestTargets.Cloud with { Schedule = night }).Warm();
        var plan = DeferralPlanner.Plan(Waiting(TestTargets.Chat, Now.AddDays(1)), [target], [null], PolicyPresets.Frugal, Now);
        Assert.Equal(new DateTimeOffset(2026, 3, 29, 1, 0, 0, TimeSpan.Zero), plan.StartAt); // 02:00 does not come: the clocks show 03:00
        Assert.Contains("cloud at 445 g/kWh and 0.2 of its prices", plan.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cap_that_only_a_greener_slot_keeps_is_worth_the_wait()
    {
        var policy = PolicyPresets.Balanced with { Name = "capped", MaxGramsPerRequest = 0.005 };
        var plan = DeferralPlanner.Plan(Waiting(TestTargets.Chat, Now.AddHours(3)), [With(TestTargets.Device, 400)], [Reading(400, 380, 60)], policy, Now);
        Assert.Equal(Now.AddHours(2), plan.StartAt);
        Assert.Equal("nobody may take it now, device at 60 g/kWh may then", plan.Reason);
    }

    [Fact]
    public void The_wait_for_a_slot_is_not_the_wait_for_the_first_token()
    {
        var limited = TestTargets.Chat with { MaxTimeToFirstToken = TimeSpan.FromSeconds(1), MaxTimePerToken = TimeSpan.FromSeconds(0.1) }; // 0.75 s and 1/30 s on the device
        Assert.Equal(Now.AddHours(2), Plan(Now.AddHours(6), TestTargets.Device.Warm(), limited, 400, 300, 80).StartAt);
        var never = limited with { MaxTimePerToken = TimeSpan.FromSeconds(0.01) };
        var plan = Plan(Now.AddHours(6), TestTargets.Device.Warm(), never, 400, 300, 80);
        Assert.Equal((Now, "no later slot is expected to score lower"), (plan.StartAt, plan.Reason)); // nobody may take it, then as now
    }

    [Fact]
    public void Whatever_comes_it_is_in_time_and_the_first_of_the_cheapest()
    {
        var random = new Random(20260328);
        var (deferred, kept) = (0, 0);
        for (var round = 0; round < 3_000; round++)
        {
            var policy = PolicyPresets.All[random.Next(4)] with { MaxGramsPerRequest = random.Next(4) == 0 ? random.NextDouble() * 0.3 : null };
            var until = Now.AddMinutes(random.Next(1, 1500));
            var profile = Waiting(TestTargets.Chat, until) with
            {
                PromptTokens = random.Next(1, 4000),
                TimeLeft = random.Next(3) == 0 ? TimeSpan.FromMinutes(random.Next(1, 1500)) : null,
            };
            var count = random.Next(1, 4);
            var targets = new TargetSnapshot[count];
            var grids = new GridReading?[count];
            for (var i = 0; i < count; i++)
            {
                TargetDescriptor[] kinds = [TestTargets.Device, TestTargets.Site, TestTargets.Cloud];
                var descriptor = kinds[i] with { DecodeTokensPerSecond = 0.05 + (random.NextDouble() * 60) };
                if (random.Next(3) == 0) descriptor = descriptor with { Schedule = new(Berlin, [new(TimeSpan.FromMinutes(random.Next(600)), TimeSpan.FromMinutes(random.Next(601, 1440)), random.NextDouble() * 2)]) };
                double[] figures = [.. Enumerable.Range(0, random.Next(1, 30)).Select(_ => (double)random.Next(20, 800))];
                targets[i] = With(descriptor, figures[0]);
                if (descriptor.Schedule is { } schedule) targets[i] = targets[i] with { PriceFactor = schedule.FactorAt(Now) };
                if (random.Next(4) > 0) grids[i] = Reading(figures);
            }

            var plan = DeferralPlanner.Plan(profile, targets, grids, policy, Now);
            Assert.True(plan.StartAt >= Now);
            var end = profile.TimeLeft is { } left && Now + left < until ? Now + left : until;
            var best = Cost(Now, profile);
            var first = Now;
            // Every minute that could begin a slot, each worked out from a whole decision of its own.
            for (var at = Now.AddMinutes(1); at < end; at = at.AddMinutes(1))
            {
                var cost = at.Minute == 0 || Changed(at) ? Cost(at, profile with { TimeLeft = end - at }) : double.PositiveInfinity;
                if (cost < best) (best, first) = (cost, at);
            }

            Assert.Equal(first, plan.StartAt);
            if (!plan.IsDeferred)
            {
                kept++;
                continue;
            }

            deferred++;
            var chosen = PolicyEngine.Decide(profile with { TimeLeft = end - plan.StartAt }, Then(plan.StartAt), policy).Chosen;
            Assert.True(plan.StartAt + chosen!.TotalTime <= end);

            TargetSnapshot[] Then(DateTimeOffset at) =>
            [
                .. targets.Select((target, i) => target with
                {
                    Grid = target.Grid! with { GramsPerKilowattHour = (at == Now ? null : grids[i]?.ExpectedAt(at)) ?? target.GramsPerKilowattHour },
                    PriceFactor = target.Descriptor.Schedule?.FactorAt(at) ?? 1,
                }),
            ];

            bool Changed(DateTimeOffset at) => targets.Any(target => target.Descriptor.Schedule is { } one && one.FactorAt(at) != one.FactorAt(at.AddMinutes(-1)));

            double Cost(DateTimeOffset at, RequestProfile asked) => PolicyEngine.Decide(asked, Then(at), policy).Chosen is { } chosen
                ? chosen.PriceDollars + chosen.TimeDollars + chosen.CarbonDollars + chosen.LearnedDollars + ((1 - chosen.Quality) * 100 * policy.DollarsPerQualityPoint)
                : double.PositiveInfinity;
        }

        Assert.True(deferred > 500 && kept > 300, $"{deferred} deferred, {kept} kept");
    }

    private static Deferral Plan(DateTimeOffset until, params double[] figures) => Plan(until, TestTargets.Device.Warm(), TestTargets.Chat, figures);

    private static Deferral Plan(DateTimeOffset until, TargetSnapshot target, RequestProfile profile, params double[] figures) =>
        DeferralPlanner.Plan(Waiting(profile, until), [With(target.Descriptor, figures[0])], [Reading(figures)], PolicyPresets.Green, Now);

    private static RequestProfile Waiting(RequestProfile profile, DateTimeOffset until) => profile with { CanWaitUntil = until };

    private static TargetSnapshot With(TargetDescriptor target, double grams) => target.Warm() with { Grid = new(grams, IntensityKind.Average, "test", IntensityProvenance.Live) };

    /// <summary>The first figure is for now, each further one for an hour from then on.</summary>
    private static GridReading Reading(params double[] figures) => new(
        new(figures[0], IntensityKind.Average, "test", IntensityProvenance.Live),
        [.. figures.Skip(1).Select((grams, i) => new GridForecastPoint(Now.AddHours(i + 1), Now.AddHours(i + 2), grams))])
    {
        ForecastProblem = figures.Length == 1 ? "none is sold" : "",
    };
}
