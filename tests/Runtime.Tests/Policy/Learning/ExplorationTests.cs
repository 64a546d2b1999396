using Hybrid.Policy;
using Hybrid.Policy.Learning;
using Hybrid.Targets;

namespace Hybrid.Tests.Policy.Learning;

public class ExplorationTests
{
    [Fact]
    public void It_never_crosses_a_wall_nor_costs_more_than_its_bound()
    {
        var random = new Random(7);
        var (explored, walled) = (0, 0);
        for (var round = 0; round < 100_000; round++)
        {
            var policy = AnyPolicy(random);
            var targets = Enumerable.Range(0, random.Next(0, 6)).Select(i => AnyTarget(random, i)).ToArray();
            var profile = AnyProfile(random);
            var best = PolicyEngine.Decide(profile, targets, policy);
            var decision = PolicyEngine.Explore(profile, targets, policy, random.NextDouble());
            walled += targets.Length - best.Ranking.Count;

            Assert.Equal(best.Chosen is null, decision.Chosen is null);
            Assert.Equal(best.Ranking.Select(target => target.Name).Order(), decision.Ranking.Select(target => target.Name).Order());
            if (decision.Chosen is not { } chosen)
                continue;
            Assert.Empty(best.Targets.Single(target => target.Name == chosen.Name).Walls);
            Assert.True(chosen.ScoreDollars - best.Chosen!.ScoreDollars <= policy.MaxExplorationDollars);
            Assert.Equal(decision.Explored, chosen.Name != best.Chosen.Name);
            explored += decision.Explored ? 1 : 0;

            var propensities = Enumerable.Range(0, targets.Length).Select(decision.PropensityAt).ToArray();
            Assert.Equal(1, propensities.Sum(), 9);
            Assert.True(decision.Propensity > 0);
            Assert.True(propensities[Array.FindIndex(targets, target => target.Descriptor.Name == best.Chosen.Name)] >= 1 - Exploration.MostRate);
            for (var i = 0; i < targets.Length; i++)
                Assert.True(propensities[i] == 0 || decision.Targets[i].Admitted);
        }

        Assert.InRange(explored, 1_000, 20_000);
        Assert.True(walled > 50_000);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.05, 0.05)]
    [InlineData(0.2, 0.2)]
    [InlineData(5, 0.2)] // a policy that nobody checked
    public void It_explores_as_often_as_stated_each_near_target_alike(double rate, double expected)
    {
        var policy = PolicyPresets.Balanced with { ExplorationRate = rate, MaxExplorationDollars = 1 };
        var targets = new[] { "a", "b", "c" }.Select(name => (TestTargets.Device with { Name = name }).Warm()).ToArray();
        var random = new Random(1);
        const int Rounds = 50_000;
        var chosen = Enumerable.Range(0, Rounds).Select(_ => PolicyEngine.Explore(TestTargets.Chat, targets, policy, random.NextDouble()).Chosen!.Name).CountBy(name => name).ToDictionary();
        Near(1 - expected, "a");
        Near(expected / 2, "b");
        Near(expected / 2, "c");

        void Near(double share, string name) => Assert.InRange((chosen.GetValueOrDefault(name) / (double)Rounds) - share, -0.005, 0.005);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.0999)]
    [InlineData(0.1)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    [InlineData(-3)]
    public void A_draw_at_an_edge_or_out_of_range_is_no_fault(double draw)
    {
        var policy = PolicyPresets.Balanced with { ExplorationRate = 0.1, MaxExplorationDollars = 1 };
        var decision = PolicyEngine.Explore(TestTargets.Chat, [TestTargets.Device.Warm(), TestTargets.Site.Warm()], policy, draw);
        Assert.Equal(draw is < 0.1, decision.Explored);
    }

    [Fact]
    public void It_is_said_in_words_and_in_json()
    {
        var policy = PolicyPresets.Balanced with { ExplorationRate = 0.1, MaxExplorationDollars = 1 };
        var decision = PolicyEngine.Explore(TestTargets.Chat, [TestTargets.Device.Warm(), TestTargets.Site.Warm()], policy, 0);
        Assert.Matches(@"^device: \$[\d.]+ explored, though site scores \$[\d.]+$", decision.ExplainLine());
        Assert.Contains("\"explored\":true,\"propensity\":0.1,", decision.ToJson(), StringComparison.Ordinal);
        Assert.Equal(["device", "site"], decision.Ranking.Select(target => target.Name));
    }

    private static RoutingPolicy AnyPolicy(Random random) => PolicyPresets.Balanced with
    {
        ExplorationRate = random.NextDouble() * 0.25,
        MaxExplorationDollars = random.NextDouble() * 0.03,
        MaxDollarsPerRequest = random.Next(3) == 0 ? random.NextDouble() * 0.002 : null,
        MaxTimeToFirstToken = random.Next(3) == 0 ? TimeSpan.FromSeconds(random.NextDouble()) : null,
        Offline = random.Next(10) == 0,
        AllowedZones = random.Next(4) == 0 ? [Zone.Device, Zone.Site] : [],
    };

    private static RequestProfile AnyProfile(Random random) => new()
    {
        PromptTokens = random.Next(1, 2000),
        ExpectedOutputTokens = random.Next(1, 500),
        Privacy = (PrivacyClass)random.Next(4),
        TimeLeft = random.Next(3) == 0 ? TimeSpan.FromSeconds(random.NextDouble() * 20) : null,
        DollarsLeft = random.Next(4) == 0 ? random.NextDouble() * 0.001 : null,
        MaxTimeToFirstToken = random.Next(6) == 0 ? TimeSpan.FromSeconds(random.NextDouble()) : null,
        MaxTimePerToken = random.Next(6) == 0 ? TimeSpan.FromSeconds(random.NextDouble() * 0.05) : null,
    };

    private static TargetSnapshot AnyTarget(Random random, int i) => new(
        new()
        {
            Name = $"t{i}",
            Model = "m",
            Zone = random.Next(4) switch { 0 => Zone.Device, 1 => Zone.Site, 2 => Zone.Region("eu"), _ => Zone.Public },
            Quality = random.NextDouble(),
            ContextLength = random.Next(500, 10_000),
            DollarsPerMillionOutputTokens = random.NextDouble() * 3,
            DecodeTokensPerSecond = 10 + (random.NextDouble() * 200),
            PrefillTokensPerSecond = 100 + (random.NextDouble() * 5000),
        },
        new((TargetReadiness)random.Next(5)))
    {
        LearnedDollars = random.Next(5) == 0 ? random.NextDouble() * 0.001 : 0,
    };
}
