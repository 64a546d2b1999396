using Hybrid.Cli.Simulation;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Cli.Tests.Simulation;

/// <summary>Tiny worlds against the formulas.</summary>
public sealed class WorldTests
{
    [Fact]
    public void One_request_on_one_target_takes_what_the_formula_says()
    {
        var target = Exact.Target("a", Zone.Device, d => d with { DollarsPerHour = 3600, DollarsPerMillionInputTokens = 10_000, DollarsPerMillionOutputTokens = 100_000, ActiveWatts = 100, GramsPerKilowattHour = 360 });
        var outcome = Assert.Single(Exact.Play(new InOrder(0), [target], Exact.Request()));
        Assert.True(outcome.Answered);
        Assert.Equal(0.5 + (100 / 100.0), outcome.FirstTokenSeconds!.Value, 9);
        Assert.Equal(1.5 + (10 / 10.0), outcome.Seconds, 9);
        // Prefill and decode take a second each at a dollar a second; 100 tokens at a cent, 11 at ten cents.
        Assert.Equal(2 + 1 + 1.1, outcome.Dollars, 6);
        // The grid's evening and noon terms are 1 + 0.15·cos(2π·(6−19)/24) − 0 at six in the morning.
        Assert.Equal(100 * 2 / 3.6e6 * 360 * (1 + (0.15 * Math.Cos(2 * Math.PI * -13 / 24))), outcome.Grams, 9);
        Assert.Equal(outcome.Dollars + (2.5 * 0.01), outcome.Score, 9);
    }

    [Fact]
    public void The_second_waits_for_the_slot()
    {
        var outcomes = Exact.Play(new InOrder(0), [Exact.Target("a", Zone.Device)], Exact.Request(0), Exact.Request(1, at: 1));
        Assert.Equal(2.5 + 1.5 - 1, outcomes[1].FirstTokenSeconds!.Value, 9);
        Assert.Equal(1.5, outcomes[1].Attempts[0].Receipt().QueueTime.TotalSeconds, 6);
        Assert.Equal(1.0, outcomes[1].Attempts[0].Receipt().PrefillTime.TotalSeconds, 6);
    }

    [Fact]
    public void Two_slots_take_two_at_once()
    {
        var outcomes = Exact.Play(new InOrder(0), [Exact.Target("a", Zone.Device) with { Slots = 2 }], Exact.Request(0), Exact.Request(1));
        Assert.All(outcomes, outcome => Assert.Equal(1.5, outcome.FirstTokenSeconds!.Value, 9));
    }

    [Fact]
    public void A_cold_pool_is_woken_once_stays_warm_and_goes_cold_again()
    {
        var pool = Exact.Target("pool", Zone.Site, d => d with { ColdStart = TimeSpan.FromSeconds(20), StaysWarm = TimeSpan.FromSeconds(100), IdleDollarsPerHour = 3600 }) with { Slots = 0 };
        var outcomes = Exact.Play(new InOrder(0), [pool], Exact.Request(0), Exact.Request(1, at: 12), Exact.Request(2, at: 60), Exact.Request(3, at: 162.6));
        Assert.Equal([21.5, 9.5, 1.5, 21.5], outcomes.Select(outcome => Math.Round(outcome.FirstTokenSeconds!.Value, 6)));
        // The first and the last pay for the cold start and the time it stays warm.
        Assert.Equal([120, 0, 0, 120], outcomes.Select(outcome => Math.Round(outcome.Dollars, 6)));
        Assert.Equal([true, true, false, true], outcomes.Select(outcome => outcome.Attempts[0].Receipt().Cold));
    }

    [Fact]
    public void What_a_client_sees_is_its_own_load_and_health_as_of_the_last_check()
    {
        var pool = Exact.Target("pool", Zone.Site, d => d with { ColdStart = TimeSpan.FromSeconds(20), StaysWarm = TimeSpan.FromSeconds(4) });
        var world = Exact.World(pool);
        Assert.Equal(TargetReadiness.Cold, world.Seen(0, 0).Readiness);
        world.Begin(world.Foresee(0, Exact.Request(), 0, 0));
        world.Begin(world.Foresee(0, Exact.Request(1), 0, 1));
        Assert.Equal(new TargetState(TargetReadiness.Warming, "", 1, 1, 1), world.Seen(0, 1));
        // Ready after 20 s, served until 25, warm until 29; the check at 20 still says so at 29.9, the one at 30 does not.
        Assert.Equal(TargetReadiness.Warm, world.Seen(0, 29.9).Readiness);
        Assert.Equal(TargetReadiness.Cold, world.Seen(0, 30).Readiness);
    }

    [Fact]
    public void A_failed_attempt_costs_its_time_and_the_next_goes_on_from_what_was_delivered()
    {
        SimulatedTarget[] targets = [Exact.Target("bad", Zone.Site) with { Failures = 1 }, Exact.Target("good", Zone.Site, d => d with { Quality = 0.7 })];
        var outcomes = Exact.Play(new InOrder(0, 1), targets, [.. Enumerable.Range(0, 20).Select(i => Exact.Request(i, at: i * 100))]);
        Assert.All(outcomes, outcome =>
        {
            var (first, second) = (outcome.Attempts[0], outcome.Attempts[1]);
            Assert.True(outcome.Answered);
            Assert.Equal(HybridError.TargetUnavailable, first.Error);
            Assert.Equal(11, first.OutputTokens + second.OutputTokens);
            Assert.Equal(100 + first.OutputTokens, second.InputTokens);
            var continued = 0.5 + ((100 + first.OutputTokens) / 100.0) + ((11 - first.OutputTokens - 1) / 10.0);
            Assert.Equal(first.EndAt - first.AskedAt + continued, outcome.Seconds, 9);
            Assert.Equal(((0.5 * first.OutputTokens) + (0.7 * second.OutputTokens)) / 11, outcome.Quality, 9);
        });
        // Half of them fail at the first token, half later.
        Assert.Contains(outcomes, outcome => outcome.Attempts[0].OutputTokens == 0);
        Assert.Contains(outcomes, outcome => outcome.Attempts[0].OutputTokens > 0);
    }

    [Fact]
    public void An_unanswered_request_is_waited_for_and_loses_all_quality()
    {
        var slow = Exact.Target("slow", Zone.Device, d => d with { PrefillTokensPerSecond = 1 });
        var late = Assert.Single(Exact.Play(new InOrder(0), [slow], Exact.Request(patience: 60)));
        var refused = Assert.Single(Exact.Play(new InOrder(), [slow], Exact.Request(patience: 60)));
        foreach (var outcome in new[] { late, refused })
        {
            Assert.False(outcome.Answered);
            Assert.Equal((60 * 0.01) + (50 * 0.001), outcome.Score, 9);
        }

        Assert.Equal(60, late.Seconds, 9);
        Assert.Equal(Accounting.RequestFinish.DeadlineExceeded, late.Attempts[0].Finish);
    }

    [Fact]
    public void The_loser_of_a_race_is_cancelled_at_the_first_token_and_its_prompt_is_paid()
    {
        SimulatedTarget[] targets =
        [
            Exact.Target("device", Zone.Device),
            Exact.Target("server", Zone.Public, d => d with { PrefillTokensPerSecond = 50, DollarsPerMillionInputTokens = 10_000, DollarsPerMillionOutputTokens = 100_000 }) with { Slots = 0 },
        ];
        var outcome = Assert.Single(Exact.Play(new InOrder(true, 0, 1), targets, Exact.Request()));
        Assert.Equal(1.5, outcome.FirstTokenSeconds!.Value, 9);
        Assert.Equal(2.5, outcome.Seconds, 9);
        Assert.Equal(1.0, outcome.Dollars, 9);
        var server = outcome.Attempts.Single(attempt => attempt.Target == 1);
        Assert.Equal(Accounting.RequestFinish.Cancelled, server.Finish);
        Assert.Equal(1.5, server.EndAt, 9);
    }

    [Fact]
    public void A_secret_that_leaves_the_device_is_a_leak_and_gains_no_quality()
    {
        SimulatedTarget[] targets = [Exact.Target("device", Zone.Device), Exact.Target("server", Zone.Public, d => d with { Quality = 0.9 })];
        var outcome = Assert.Single(Exact.Play(new InOrder(1), targets, Exact.Request(privacy: PrivacyClass.Secret)));
        Assert.True(outcome.Leaked);
        Assert.Equal(2.5 * 0.01, outcome.Score, 9);
        Assert.False(Assert.Single(Exact.Play(new InOrder(1), targets, Exact.Request())).Leaked);
    }
}
