using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Tests.Policy;

public class PresetTests
{
    private static readonly TargetDescriptor Sprinter = TestTargets.Cloud with
    {
        Name = "sprinter",
        DollarsPerMillionInputTokens = 3,
        DollarsPerMillionOutputTokens = 15,
        PrefillTokensPerSecond = 20_000,
        DecodeTokensPerSecond = 600,
        ActiveWatts = 900,
    };

    private static readonly TargetDescriptor[] Table = [TestTargets.Device, TestTargets.Site, TestTargets.Cloud, Sprinter];

    [Theory]
    [InlineData("balanced", "cloud")]
    [InlineData("fast", "sprinter")]
    [InlineData("frugal", "device")]
    [InlineData("green", "device")]
    [InlineData("private", "site")]
    [InlineData("offline", "device")]
    public void Each_chooses_as_it_claims(string name, string chosen) =>
        Assert.Equal(chosen, TestTargets.Decide(TestTargets.Chat, Preset(name), Table).Chosen!.Name);

    [Fact]
    public void Fast_is_the_soonest_frugal_the_cheapest_green_the_cleanest()
    {
        Assert.Equal(Least(target => target.TotalTime.TotalSeconds), TestTargets.Decide(TestTargets.Chat, PolicyPresets.Fast, Table).Chosen!.Name);
        Assert.Equal(Least(target => target.PriceDollars), TestTargets.Decide(TestTargets.Chat, PolicyPresets.Frugal, Table).Chosen!.Name);
        Assert.Equal(Least(target => target.Grams), TestTargets.Decide(TestTargets.Chat, PolicyPresets.Green, Table).Chosen!.Name);
    }

    [Fact]
    public void Private_and_offline_hold_for_public_requests_too()
    {
        Assert.All(TestTargets.Decide(TestTargets.Chat, PolicyPresets.Private, Table).Ranking, target => Assert.True(target.Zone == Zone.Device || target.Zone == Zone.Site));
        Assert.Equal("device", Assert.Single(TestTargets.Decide(TestTargets.Chat, PolicyPresets.Offline, Table).Ranking).Name);
    }

    [Fact]
    public void Names_are_unique_found_in_any_case_and_have_a_purpose()
    {
        Assert.Equal(["balanced", "fast", "frugal", "green", "private", "offline"], PolicyPresets.All.Select(policy => policy.Name));
        Assert.All(PolicyPresets.All, policy => Assert.NotEmpty(policy.Purpose));
        Assert.Equal(PolicyPresets.All.Count, PolicyPresets.All.Select(policy => policy.Purpose).Distinct().Count());
        Assert.True(PolicyPresets.TryGet("GREEN", out var green));
        Assert.Same(PolicyPresets.Green, green);
        Assert.False(PolicyPresets.TryGet("cheap", out _));
    }

    private static RoutingPolicy Preset(string name) => PolicyPresets.All.Single(policy => policy.Name == name);

    private static string Least(Func<TargetAssessment, double> figure) =>
        TestTargets.Decide(TestTargets.Chat, PolicyPresets.Balanced, Table).Targets.MinBy(figure)!.Name;
}
