using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Tests.Policy;

public class ScoreTests
{
    private static readonly TargetDescriptor Dear = new()
    {
        Name = "dear",
        Model = "m",
        Zone = Zone.Public,
        Quality = 0.7,
        DollarsPerMillionInputTokens = 2,
        DollarsPerMillionOutputTokens = 6,
        DollarsPerHour = 3.6,
        ActiveWatts = 100,
        PowerUsageEffectiveness = 1.2,
        GramsPerKilowattHour = 450,
        RoundTrip = TimeSpan.FromSeconds(0.2),
        ColdStart = TimeSpan.FromSeconds(30),
        PrefillTokensPerSecond = 1000,
        DecodeTokensPerSecond = 50,
    };

    private static readonly TargetDescriptor Good = Dear with { Name = "good", Quality = 0.8 };
    private static readonly RequestProfile Profile = new() { PromptTokens = 400, ContinuationTokens = 100, ExpectedOutputTokens = 100 };
    private static readonly RoutingPolicy Policy = new() { Name = "p", DollarsPerSecond = 0.01, DollarsPerTonCarbon = 1000, DollarsPerQualityPoint = 0.0002 };

    [Fact]
    public void Every_term_is_the_one_computed_by_hand()
    {
        var dear = TestTargets.Decide(Profile, Policy, Dear, Good).Targets[0];
        Assert.Equal(0.7, dear.TimeToFirstToken.TotalSeconds, 6); // 0.2 + 500/1000
        Assert.Equal(2.7, dear.TotalTime.TotalSeconds, 6); // + 100/50
        Assert.Equal(0.0041, dear.PriceDollars, 9); // 500·2/1e6 + 100·6/1e6 + 3.6·2.5/3600
        Assert.Equal(300, dear.Joules, 6); // 100 W · 2.5 s · 1.2
        Assert.Equal(0.0375, dear.Grams, 9); // 300/3.6e6 · 450
        Assert.Equal(0.027, dear.TimeDollars, 9);
        Assert.Equal(0.0000375, dear.CarbonDollars, 12);
        Assert.Equal(0.002, dear.QualityDollars, 9); // 10 points
        Assert.Equal(0.0331375, dear.ScoreDollars, 9);
    }

    [Theory]
    [InlineData(TargetReadiness.Warm, 0, 0, 0, 0.7)]
    [InlineData(TargetReadiness.Unknown, 0, 0, 0, 0.7)]
    [InlineData(TargetReadiness.Cold, 0, 0, 0, 30.7)]
    [InlineData(TargetReadiness.Warming, 0, 0, 0, 30.7)]
    [InlineData(TargetReadiness.Warm, 0, 1, 2, 0.7)] // a slot is free
    [InlineData(TargetReadiness.Warm, 0, 2, 2, 1.95)] // one of two slots must come free: 2.5/2
    [InlineData(TargetReadiness.Warm, 3, 2, 2, 5.7)] // four ahead on two slots: 4·2.5/2
    [InlineData(TargetReadiness.Warm, 2, 0, 0, 5.7)] // slots unknown: 2·2.5
    public void First_token_is_queue_cold_start_round_trip_and_prefill(TargetReadiness readiness, int queue, int busy, int slots, double seconds)
    {
        var target = new TargetSnapshot(Dear, new(readiness, "", queue, busy, slots));
        var assessed = PolicyEngine.Decide(Profile, [target], Policy).Chosen!;
        Assert.Equal(seconds, assessed.TimeToFirstToken.TotalSeconds, 6);
        Assert.Equal(seconds + 2, assessed.TotalTime.TotalSeconds, 6);
    }

    [Fact]
    public void Measured_rates_count_before_stated_ones()
    {
        var measured = new TargetSnapshot(Dear, TargetState.Warm, new(2000, 100, TimeSpan.FromSeconds(0.1), TimeSpan.Zero, 5));
        var assessed = PolicyEngine.Decide(Profile, [measured], Policy).Chosen!;
        Assert.Equal(0.35, assessed.TimeToFirstToken.TotalSeconds, 6);
        Assert.Equal(1.35, assessed.TotalTime.TotalSeconds, 6);
    }

    [Theory]
    [InlineData(0.5, 0.7, 2.7)]
    [InlineData(0.95, 1.4, 7.4)] // 2 · 0.7 + 3 · 2
    public void Latency_is_predicted_at_the_policys_quantile(double quantile, double first, double total)
    {
        var rates = TargetRates.Stated(Dear) with { FirstTokenSpread = new(level => level < 0.95 ? 1 : 2), PerTokenSpread = new(level => level < 0.95 ? 1 : 3) };
        var assessed = PolicyEngine.Decide(Profile, [new(Dear, TargetState.Warm, rates)], Policy with { LatencyQuantile = quantile }).Chosen!;
        Assert.Equal(first, assessed.TimeToFirstToken.TotalSeconds, 6);
        Assert.Equal(total, assessed.TotalTime.TotalSeconds, 6);
    }

    [Fact]
    public void What_is_usually_cached_needs_no_prefill_and_has_its_own_price()
    {
        var rates = TargetRates.Stated(Dear) with { CachedShare = 0.8 };
        var assessed = PolicyEngine.Decide(Profile, [new(Dear with { DollarsPerMillionCachedTokens = 0.5 }, TargetState.Warm, rates)], Policy).Chosen!;
        Assert.Equal(0.3, assessed.TimeToFirstToken.TotalSeconds, 6); // 0.2 + 100/1000
        Assert.Equal(0.0031, assessed.PriceDollars, 9); // 100·2/1e6 + 400·0.5/1e6 + 100·6/1e6 + 3.6·2.1/3600
    }

    [Fact]
    public void Who_wakes_a_target_pays_for_its_idle_time()
    {
        var idle = Dear with { IdleDollarsPerHour = 7.2, StaysWarm = TimeSpan.FromSeconds(270) };
        double Price(TargetReadiness readiness) => PolicyEngine.Decide(Profile, [new(idle, new(readiness))], Policy).Chosen!.PriceDollars;
        Assert.Equal(0.6, Price(TargetReadiness.Cold) - Price(TargetReadiness.Warm), 9); // 300 s at 7.2 $/h
        Assert.Equal(Price(TargetReadiness.Warm), Price(TargetReadiness.Warming), 9); // somebody has woken it already
    }

    [Fact]
    public void An_attempt_that_may_fail_costs_its_time_once_more()
    {
        var rates = TargetRates.Stated(Dear) with { FailureProbability = 0.5 };
        Assert.Equal(0.0405, PolicyEngine.Decide(Profile, [new(Dear, TargetState.Warm, rates)], Policy).Chosen!.TimeDollars, 9); // 2.7 · 1.5 · 0.01
    }

    [Fact]
    public void The_grid_as_it_is_now_counts_before_the_stated_one_and_embodied_emissions_are_told_apart()
    {
        var clean = new TargetSnapshot(Dear with { EmbodiedGramsPerHour = 36 }, TargetState.Warm) { Grid = new(45, IntensityKind.Average, "test", IntensityProvenance.Live) };
        var assessed = PolicyEngine.Decide(Profile, [clean], Policy).Chosen!;
        Assert.Equal(0.00375, assessed.Grams, 9);
        Assert.Equal(0.025, assessed.EmbodiedGrams, 9); // 36 · 2.5/3600
        Assert.Equal(0.02875, assessed.SciGrams, 9);
        Assert.Equal(0.00000375, assessed.CarbonDollars, 12); // embodied emissions do not decide
    }

    [Fact]
    public void What_was_learned_is_a_term_of_its_own()
    {
        TargetSnapshot[] targets = [new(Dear, TargetState.Warm) { LearnedDollars = 0.001 }, new(Dear with { Name = "other" }, TargetState.Warm)];
        var decision = PolicyEngine.Decide(Profile, targets, Policy);
        Assert.Equal("other", decision.Chosen!.Name);
        Assert.Equal(0.001, decision.Targets[0].ScoreDollars - decision.Targets[1].ScoreDollars, 9);
        Assert.EndsWith("mostly by what was learned ($0.001)", decision.ExplainLine(), StringComparison.Ordinal);
    }

    [Fact]
    public void Scores_need_no_memory_but_what_they_are_given()
    {
        TargetSnapshot[] targets = [.. Enumerable.Range(0, 16).Select(i => new TargetSnapshot(Dear with { Name = $"t{i}", Quality = i / 16.0 }, TargetState.Warm))];
        var scores = new TargetScore[16];
        var rules = Policy with { MaxTimePerToken = TimeSpan.FromSeconds(1), AllowedZones = [Zone.Public], AllowedTargets = [.. targets.Select(target => target.Descriptor.Name)] };
        var limited = Profile with { MaxTimeToFirstToken = TimeSpan.FromSeconds(60), MaxTimePerToken = TimeSpan.FromSeconds(1) };
        Assert.Equal(15, PolicyEngine.Score(limited, targets, rules, scores));
        Assert.Equal(0, Allocations.Steady(() => PolicyEngine.Score(limited, targets, rules, scores)));
        Assert.Throws<ArgumentException>(() => PolicyEngine.Score(Profile, targets, rules, new TargetScore[15]));
    }

    [Fact]
    public void Quality_is_lost_against_the_best_that_may_be_used()
    {
        var secret = Profile with { Privacy = PrivacyClass.Secret };
        var local = Dear with { Name = "local", Zone = Zone.Device, Quality = 0.5 };
        Assert.Equal(0, TestTargets.Decide(secret, Policy, local, Good).Chosen!.QualityDollars);
        Assert.Equal(0.006, TestTargets.Decide(Profile, Policy, local, Good).Targets[0].QualityDollars, 9);
    }

    [Fact]
    public void The_lowest_score_wins_and_the_others_stand_by_in_order()
    {
        var worst = Dear with { Name = "worst", Quality = 0.1 };
        var decision = TestTargets.Decide(Profile, Policy, worst, Dear, Good);
        Assert.Equal("good", decision.Chosen!.Name);
        Assert.Equal(["dear", "worst"], decision.Standbys.Select(standby => standby.Name));
        Assert.Equal(["worst", "dear", "good"], decision.Targets.Select(target => target.Name));
    }

    [Fact]
    public void Ties_keep_the_order_given()
    {
        TargetDescriptor[] same = [.. Enumerable.Range(0, 8).Select(i => Dear with { Name = $"t{i}" })];
        Assert.Equal(same.Select(target => target.Name), TestTargets.Decide(Profile, Policy, same).Ranking.Select(target => target.Name));
        Array.Reverse(same);
        Assert.Equal(same.Select(target => target.Name), TestTargets.Decide(Profile, Policy, same).Ranking.Select(target => target.Name));
    }

    [Fact]
    public void No_targets_is_a_decision_too()
    {
        var decision = PolicyEngine.Decide(Profile, [], Policy);
        Assert.Null(decision.Chosen);
        Assert.Equal("no target: none is configured", decision.ExplainLine());
    }
}
