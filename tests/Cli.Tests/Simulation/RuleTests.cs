using Hybrid.Cli.Simulation;
using Hybrid.Cli.Simulation.Rules;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Cli.Tests.Simulation;

public sealed class RuleTests
{
    private static readonly SimulatedTarget[] Two =
    [
        Exact.Target("device", Zone.Device),
        Exact.Target("server", Zone.Public, d => d with { PrefillTokensPerSecond = 1000 }) with { Slots = 0 },
    ];

    [Theory]
    [InlineData(0, int.MaxValue)]
    [InlineData(0.39, int.MaxValue)]
    [InlineData(0.4, 40)]
    [InlineData(0.7, 30)]
    [InlineData(0.89, 30)]
    [InlineData(1, 10)]
    public void Disco_sends_the_longest_prompts_that_the_budget_pays(double budget, int threshold)
    {
        var trace = new Trace("t", 100, [.. new[] { 20, 10, 40, 30 }.Select((length, i) => Exact.Request(i, i, prompt: length))]);
        Assert.Equal(threshold, new DispatchByLength(Of(Two), trace, budget).Threshold);
    }

    [Fact]
    public void Disco_keeps_short_prompts_and_races_long_ones()
    {
        var trace = new Trace("t", 100, [Exact.Request(0, prompt: 20), Exact.Request(1, prompt: 80)]);
        var rule = new DispatchByLength(Of(Two), trace, 0.8);
        var world = Exact.World(Two);
        Assert.Equal([0, 1], rule.Choose(trace.Requests[0], world, 0).Order);
        Assert.False(rule.Choose(trace.Requests[0], world, 0).Race);
        Assert.True(rule.Choose(trace.Requests[1], world, 0).Race);
        // What the device cannot take goes to the server alone.
        var route = rule.Choose(Exact.Request(prompt: 5000), Exact.World(Two), 0);
        Assert.Empty(route.Order);
    }

    [Fact]
    public void Prefer_device_asks_the_cloud_where_the_device_is_not_able()
    {
        SimulatedTarget[] targets = [Two[0], Exact.Target("cloud", Zone.Public, d => d with { ContextLength = 100_000 })];
        var rule = new PreferDevice(Of(targets));
        Assert.Equal([0, 1], rule.Choose(Exact.Request(), Exact.World(targets), 0).Order);
        Assert.Equal([1], rule.Choose(Exact.Request(prompt: 5000), Exact.World(targets), 0).Order);
    }

    [Fact]
    public void Lowest_latency_tries_each_once_then_keeps_to_the_fastest()
    {
        var clock = new SimulatedClock();
        var rule = new LowestLatency(Of(Two), Two, clock);
        var world = Exact.World(Two);
        var trace = new Trace("t", 1000, [.. Enumerable.Range(0, 6).Select(i => Exact.Request(i, i * 100))]);
        var outcomes = new Simulator(trace, world, new Admission(Two, Exact.Policy), Exact.Policy, rule, clock).Run();
        Assert.Equal(2, outcomes.Take(2).Select(outcome => outcome.Attempts[0].Target).Distinct().Count());
        Assert.All(outcomes.Skip(2), outcome => Assert.Equal(1, outcome.Attempts[0].Target));
    }

    [Fact]
    public void Rules_without_walls_keep_them_when_told_to()
    {
        var walled = new Sides(Two, Exact.Policy, new Admission(Two, Exact.Policy), walled: true);
        Assert.Equal([0], new CloudOnly(walled).Choose(Exact.Request(privacy: PrivacyClass.Secret), Exact.World(Two), 0).Order);
        Assert.Equal([1], new CloudOnly(walled).Choose(Exact.Request(), Exact.World(Two), 0).Order);
        Assert.Equal([1], new CloudOnly(Of(Two)).Choose(Exact.Request(privacy: PrivacyClass.Secret), Exact.World(Two), 0).Order);
    }

    /// <summary>Nobody who keeps the walls ends below what the oracle foresaw for that moment.</summary>
    [Fact]
    public void No_choice_within_the_walls_ends_below_the_least_foreseen()
    {
        var policy = PolicyPresets.Balanced;
        var targets = StandardTargets.All;
        var admission = new Admission(targets, policy);
        var trace = Trace.Kinds["bursty"](4 * 3600, 3);
        var weather = new Weather(targets, trace.Seconds, 3);
        var oracle = new Oracle(targets, admission, policy);
        var clock = new SimulatedClock();
        foreach (var rule in new IRoutingRule[] { oracle, new HybridRule(targets, policy, clock), new DeviceOnly(new Sides(targets, policy, admission)) })
        {
            clock.Seconds = 0;
            var outcomes = new Simulator(trace, new World(targets, weather, 3), admission, policy, rule, clock, oracle).Run();
            Assert.Equal(trace.Requests.Count, outcomes.Count);
            // What comes after a fault is foreseen as of now; others may have come between.
            var undisturbed = outcomes.Where(outcome => outcome.Attempts.Count == 1).ToList();
            Assert.True(undisturbed.Count > 0.9 * outcomes.Count);
            Assert.All(undisturbed, outcome => Assert.True(outcome.Score >= outcome.LeastScore - 1e-9, $"{rule.Name}: {outcome.Score} < {outcome.LeastScore}"));
            if (rule == oracle)
                Assert.All(undisturbed, outcome => Assert.Equal(outcome.LeastScore, outcome.Score, 9));
        }
    }

    private static Sides Of(IReadOnlyList<SimulatedTarget> targets) => new(targets, Exact.Policy, new Admission(targets, Exact.Policy));
}
