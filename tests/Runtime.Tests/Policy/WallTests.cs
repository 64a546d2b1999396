using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Tests.Policy;

public class WallTests
{
    private static readonly RoutingPolicy Free = new() { Name = "free" };

    [Fact]
    public void No_wall_stands_where_nothing_forbids() => Assert.Empty(Walls(TestTargets.Chat, Free, TestTargets.Cloud.Warm()));

    [Theory]
    [InlineData(PrivacyClass.Internal, true)]
    [InlineData(PrivacyClass.Public, false)]
    public void Privacy(PrivacyClass privacy, bool removed) =>
        Expect(removed, Wall.Privacy, "zone public", TestTargets.Chat with { Privacy = privacy }, Free, TestTargets.Cloud.Warm());

    [Theory]
    [InlineData("device", false)]
    [InlineData("site", true)]
    [InlineData("region:eu", true)]
    [InlineData("public", true)]
    public void Offline(string zone, bool removed)
    {
        Assert.True(Zone.TryParse(zone, out var parsed));
        Expect(removed, Wall.Offline, zone, TestTargets.Chat, PolicyPresets.Offline, (TestTargets.Device with { Zone = parsed }).Warm());
    }

    [Fact]
    public void Allowed_zones()
    {
        var policy = Free with { AllowedZones = [Zone.Device, Zone.Region("eu")] };
        Expect(true, Wall.NotAllowed, "zone region:us", TestTargets.Chat, policy, (TestTargets.Cloud with { Zone = Zone.Region("us") }).Warm());
        Expect(false, Wall.NotAllowed, "", TestTargets.Chat, policy, (TestTargets.Cloud with { Zone = Zone.Region("eu") }).Warm());
    }

    [Fact]
    public void Allowed_targets()
    {
        var policy = Free with { AllowedTargets = ["device"] };
        Expect(true, Wall.NotAllowed, "does not list", TestTargets.Chat, policy, TestTargets.Cloud.Warm());
        Expect(false, Wall.NotAllowed, "", TestTargets.Chat, policy, TestTargets.Device.Warm());
    }

    [Fact]
    public void Pinned_target_and_model()
    {
        Expect(true, Wall.Pin, "'site'", TestTargets.Chat with { Target = "site" }, Free, TestTargets.Cloud.Warm());
        Expect(false, Wall.Pin, "", TestTargets.Chat with { Target = "cloud", Model = "large" }, Free, TestTargets.Cloud.Warm());
        Expect(true, Wall.Pin, "'small'", TestTargets.Chat with { Model = "small" }, Free, TestTargets.Cloud.Warm());
    }

    [Theory]
    [InlineData(TargetCapabilities.Chat, false)]
    [InlineData(TargetCapabilities.Chat | TargetCapabilities.Tokens, true)]
    public void Capability(TargetCapabilities needs, bool removed) =>
        Expect(removed, Wall.Capability, "lacks Tokens", TestTargets.Chat with { Needs = needs }, Free, TestTargets.Cloud.Warm());

    [Theory]
    [InlineData(428, false)]
    [InlineData(427, true)]
    public void Context_holds_prompt_continuation_and_answer(int context, bool removed) => Expect(
        removed, Wall.Context, "300 tokens in and 128 expected", TestTargets.Chat with { PromptTokens = 200, ContinuationTokens = 100 },
        Free, (TestTargets.Device with { ContextLength = context }).Warm());

    [Fact]
    public void Context_does_not_overflow() => Expect(
        true, Wall.Context, "", new() { PromptTokens = int.MaxValue, ExpectedOutputTokens = int.MaxValue }, Free, TestTargets.Cloud.Warm());

    [Theory]
    [InlineData(TargetReadiness.Unavailable, true)]
    [InlineData(TargetReadiness.Cold, false)]
    [InlineData(TargetReadiness.Warming, false)]
    [InlineData(TargetReadiness.Unknown, false)]
    public void Unavailable(TargetReadiness readiness, bool removed) => Expect(
        removed, Wall.Unavailable, "out of memory", TestTargets.Chat, Free, new(TestTargets.Device, new(readiness, "out of memory")));

    [Theory]
    [InlineData(0.000342, false)] // 300 in at $0.5 and 128 out at $1.5 per million
    [InlineData(0.000341, true)]
    public void Price_cap(double cap, bool removed) =>
        Expect(removed, Wall.Price, "cap of $0.000341", TestTargets.Chat, Free with { MaxDollarsPerRequest = cap }, TestTargets.Cloud.Warm());

    [Theory]
    [InlineData(0.0223, false)] // 100 W · (300/5000 + 128/90) s · 1.2 = 177.9 J; at 445 g/kWh 0.02199 g
    [InlineData(0.0219, true)]
    public void Carbon_cap(double cap, bool removed) =>
        Expect(removed, Wall.Carbon, "0.022 g", TestTargets.Chat, Free with { MaxGramsPerRequest = cap }, TestTargets.Cloud.Warm());

    [Theory]
    [InlineData(121, false)] // 60 ms round trip and 300/5000 s of prefill
    [InlineData(119, true)]
    public void First_token(int milliseconds, bool removed) => Expect(
        removed, Wall.FirstToken, "predicted first token after 0.12 s is later than the policy's 0.119 s", TestTargets.Chat, Free with { MaxTimeToFirstToken = TimeSpan.FromMilliseconds(milliseconds) }, TestTargets.Cloud.Warm());

    [Theory]
    [InlineData(11.2, false)] // 1 / 90 s = 11.1 ms
    [InlineData(11.0, true)]
    public void Per_token(double milliseconds, bool removed) => Expect(
        removed, Wall.PerToken, "predicted 0.0111 s per token is longer than the policy's 0.011 s", TestTargets.Chat, Free with { MaxTimePerToken = TimeSpan.FromMilliseconds(milliseconds) }, TestTargets.Cloud.Warm());

    [Theory]
    [InlineData(null, 100, "the request's 0.1 s")]
    [InlineData(100, null, "the policy's 0.1 s")]
    [InlineData(110, 100, "the request's 0.1 s")]
    [InlineData(100, 110, "the policy's 0.1 s")]
    [InlineData(5000, 100, "the request's 0.1 s")]
    [InlineData(100, 5000, "the policy's 0.1 s")]
    [InlineData(100, 100, "the policy's 0.1 s")]
    [InlineData(5000, 5000, null)]
    [InlineData(null, 0, "the request's 0 s")] // what nobody can keep, should a profile come so
    [InlineData(null, -100, "the request's -0.1 s")]
    public void The_smaller_limit_counts_and_is_named(int? policys, int? requests, string? named)
    {
        var target = (TestTargets.Cloud with { DecodeTokensPerSecond = 1 }).Warm(); // 0.12 s, then 1 s each
        var (first, each) = (Free with { MaxTimeToFirstToken = Milliseconds(policys) }, Free with { MaxTimePerToken = Milliseconds(policys) });
        Expect(named is not null, Wall.FirstToken, $"predicted first token after 0.12 s is later than {named}", TestTargets.Chat with { MaxTimeToFirstToken = Milliseconds(requests) }, first, target);
        Expect(named is not null, Wall.PerToken, $"predicted 1 s per token is longer than {named}", TestTargets.Chat with { MaxTimePerToken = Milliseconds(requests) }, each, target);

        static TimeSpan? Milliseconds(int? count) => count is { } given ? TimeSpan.FromMilliseconds(given) : null;
    }

    [Fact]
    public void Both_are_predicted_at_the_policys_quantile()
    {
        var rates = TargetRates.Stated(TestTargets.Cloud) with { FirstTokenSpread = new(level => level < 0.95 ? 1 : 2), PerTokenSpread = new(level => level < 0.95 ? 1 : 3) };
        var target = new TargetSnapshot(TestTargets.Cloud, TargetState.Warm, rates);
        var profile = TestTargets.Chat with { MaxTimeToFirstToken = TimeSpan.FromSeconds(0.2), MaxTimePerToken = TimeSpan.FromSeconds(0.02) };
        Assert.Empty(Walls(profile, Free, target));
        Assert.Equal(
            ["predicted first token after 0.24 s is later than the request's 0.2 s", "predicted 0.0333 s per token is longer than the request's 0.02 s"],
            Walls(profile, Free with { LatencyQuantile = 0.95 }, target).Select(wall => wall.Reason));
    }

    [Theory]
    [InlineData(1.55, false)] // 0.12 s and 128/90 s = 1.5422 s
    [InlineData(1.54, true)]
    public void Deadline(double seconds, bool removed) => Expect(
        removed, Wall.Deadline, "1.54 s", TestTargets.Chat with { TimeLeft = TimeSpan.FromSeconds(seconds) }, Free, TestTargets.Cloud.Warm());

    [Theory]
    [InlineData(0)]
    [InlineData(double.NaN)]
    public void Figures_that_predict_nothing(double rate) =>
        Expect(true, Wall.Figures, "finite", TestTargets.Chat, Free, (TestTargets.Cloud with { DecodeTokensPerSecond = rate }).Warm());

    [Theory]
    [InlineData(0.2, 0.2, false)]
    [InlineData(0.19, 0.2, true)]
    [InlineData(null, 0.2, false)] // on mains
    [InlineData(0.01, null, false)]
    public void Battery(double? left, double? kept, bool removed) => Expect(
        removed, Wall.Battery, "19 % is left of the battery, and policy 'free' keeps 20 %", TestTargets.Chat, Free with { Name = "free", MinBattery = kept }, TestTargets.Device.Warm() with { BatteryLeft = left });

    [Fact]
    public void Every_reason_is_given_not_only_the_first()
    {
        var profile = TestTargets.Chat with { Privacy = PrivacyClass.Secret, TimeLeft = TimeSpan.FromMilliseconds(1) };
        var walls = Walls(profile, PolicyPresets.Offline, new(TestTargets.Cloud, new(TargetReadiness.Unavailable)));
        Assert.Equal([Wall.Privacy, Wall.Offline, Wall.Unavailable, Wall.Deadline], walls.Select(wall => wall.Wall));
    }

    private static IReadOnlyList<WallReason> Walls(RequestProfile profile, RoutingPolicy policy, TargetSnapshot target) =>
        PolicyEngine.Decide(profile, [target], policy).Targets.Single().Walls;

    private static void Expect(bool removed, Wall wall, string reason, RequestProfile profile, RoutingPolicy policy, TargetSnapshot target)
    {
        var decision = PolicyEngine.Decide(profile, [target], policy);
        var walls = decision.Targets.Single().Walls;
        Assert.Equal(removed, decision.Chosen is null);
        if (removed) Assert.Contains(reason, Assert.Single(walls, found => found.Wall == wall).Reason, StringComparison.Ordinal);
        else Assert.Empty(walls);
    }
}
