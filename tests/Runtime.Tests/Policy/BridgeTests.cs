using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Tests.Policy;

public class BridgeTests
{
    private static readonly RoutingPolicy Policy = new() { Name = "time and quality", DollarsPerSecond = 0.001, DollarsPerQualityPoint = 0.0001 };

    // 0.1 s and 20 tokens/s; quality 0.4.
    private static readonly TargetDescriptor Device = new()
    {
        Name = "device",
        Model = "small",
        Zone = Zone.Device,
        Quality = 0.4,
        PrefillTokensPerSecond = 1000,
        DecodeTokensPerSecond = 20,
        Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation,
    };

    // 2 s of cold start, then 10,000 tokens/s of prefill and 100 of decode; quality 0.8.
    private static readonly TargetDescriptor Cloud = Device with
    {
        Name = "cloud",
        Model = "large",
        Zone = Zone.Public,
        Quality = 0.8,
        ColdStart = TimeSpan.FromSeconds(2),
        PrefillTokensPerSecond = 10_000,
        DecodeTokensPerSecond = 100,
    };

    private static readonly RequestProfile Chat = new() { PromptTokens = 100, ExpectedOutputTokens = 238 };
    private static readonly TargetState Cold = new(TargetReadiness.Cold, "scaled to zero");

    [Fact]
    public void The_device_speaks_while_the_pool_wakes()
    {
        var decision = Decide(Chat);
        // The device starts after 0.1 s, the cloud after 2.01 s: 38.2 tokens, the last of them begun, come from the device.
        Assert.Equal("cloud", decision.Chosen!.Name);
        Assert.Equal("device", decision.Bridge!.Target);
        Assert.Equal(39, decision.Bridge.Tokens);
        Assert.Equal(2.0139, decision.Bridge.HandoverAfter.TotalSeconds, 4); // the cloud prefills 39 more
        // 199 tokens in 1.99 s come then; the 39 are 40 points worse.
        // The silence of 0.1 s counts once more, as do the 2.01 s of the cloud alone, which takes 4.39 s.
        Assert.Equal((0.001 * (2.0139 + 1.99 + 0.1)) + (0.0001 * 40 * 39 / 238), decision.Bridge.ScoreDollars, 9);
        Assert.Equal("cloud", decision.Bridge.Instead);
        Assert.Equal(0.001 * (2.01 + 2.38 + 2.01), decision.Bridge.InsteadDollars!.Value, 9);
        Assert.Equal(["device"], decision.Standbys.Select(standby => standby.Name));
        Assert.StartsWith("device speaks first, about 39 tokens, until cloud goes on after 2.01 s: with its silence $", decision.ExplainLine(), StringComparison.Ordinal);
        Assert.Contains("\"bridge\":{\"target\":\"device\",\"tokens\":39,\"handoverAfterSeconds\":2.0139", decision.ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_warm_pool_needs_nobody() => Assert.Null(Decide(Chat, state: TargetState.Warm).Bridge);

    [Fact]
    public void A_policy_may_forbid_it() => Assert.Null(Decide(Chat, Policy with { Handover = false }).Bridge);

    [Theory]
    [InlineData(TargetCapabilities.Tools)]
    [InlineData(TargetCapabilities.Json)]
    [InlineData(TargetCapabilities.LogProbabilities)]
    public void Answers_that_cannot_be_divided_are_not(TargetCapabilities need)
    {
        var capabilities = Device.Capabilities | need;
        Assert.Null(Decide(Chat with { Needs = TargetCapabilities.Chat | need }, device: Device with { Capabilities = capabilities }, cloud: Cloud with { Capabilities = capabilities }).Bridge);
    }

    [Fact]
    public void Who_cannot_go_on_from_text_is_not_bridged() => Assert.Null(Decide(Chat, cloud: Cloud with { Capabilities = TargetCapabilities.Chat }).Bridge);

    [Fact]
    public void Who_would_say_nearly_all_of_it_says_all_of_it()
    {
        Assert.NotNull(Decide(Chat with { ExpectedOutputTokens = 44 }, Policy with { DollarsPerQualityPoint = 0 }).Bridge);
        Assert.Null(Decide(Chat with { ExpectedOutputTokens = 42 }, Policy with { DollarsPerQualityPoint = 0 }).Bridge);
    }

    [Fact]
    public void A_pair_that_costs_more_than_it_gives_is_not_made()
    {
        var dear = Cloud with { DollarsPerMillionOutputTokens = 1000 };
        Assert.Null(Decide(Chat, cloud: dear).Bridge);
        Assert.Equal("device", Decide(Chat, cloud: dear).Chosen!.Name);
    }

    [Fact]
    public void Both_parts_together_keep_the_caps()
    {
        var hurried = Policy with { DollarsPerSecond = 0.01 };
        // Each alone would take $0.0005 for the prompt; both take that twice, and the cloud reads the device's 39 tokens too: $0.001195.
        var device = Device with { DollarsPerMillionInputTokens = 5 };
        var cloud = Cloud with { DollarsPerMillionInputTokens = 5 }; // the time is worth more than the prompt once more
        Assert.NotNull(Decide(Chat, hurried with { MaxDollarsPerRequest = 0.0012 }, device, cloud).Bridge);
        Assert.Null(Decide(Chat, hurried with { MaxDollarsPerRequest = 0.00119 }, device, cloud).Bridge);
        Assert.Null(Decide(Chat with { DollarsLeft = 0.00119 }, hurried, device, cloud).Bridge);
        Assert.NotNull(Decide(Chat with { TimeLeft = TimeSpan.FromSeconds(4.4) }, hurried, device, cloud).Bridge);
        Assert.Null(Decide(Chat with { TimeLeft = TimeSpan.FromSeconds(3.9) }, hurried, device, cloud).Bridge);
    }

    [Fact]
    public void A_wall_stands_before_either_part()
    {
        Assert.Null(Decide(Chat with { Privacy = PrivacyClass.Secret }).Bridge);
        Assert.Null(Decide(Chat, Policy with { AllowedTargets = ["cloud"] }).Bridge);
        Assert.Null(Decide(Chat with { TimeLeft = TimeSpan.FromSeconds(4.4) }, device: Device with { Zone = Zone.Public, Capabilities = TargetCapabilities.Text }).Bridge);
    }

    [Fact]
    public void Limits_that_only_a_whole_answer_passes_do_not_keep_a_part_away()
    {
        // The device alone would take 12 s, the cloud alone is silent for 2 s.
        var hurried = Chat with { TimeLeft = TimeSpan.FromSeconds(4.4), MaxTimeToFirstToken = TimeSpan.FromSeconds(1) };
        var decision = Decide(hurried);
        Assert.Empty(decision.Ranking);
        Assert.Equal(("device", "cloud"), (decision.Bridge!.Target, decision.Chosen!.Name));
        Assert.Null(Decide(hurried with { MaxTimeToFirstToken = TimeSpan.FromSeconds(0.05) }).Chosen);
    }

    [Fact]
    public void Whatever_the_input_both_parts_may_be_used_and_are_better_together()
    {
        var random = new Random(20260501);
        var slow = TimeSpan.FromSeconds(3);
        var input = new AnyInput(random);
        var bridged = 0;
        for (var round = 0; round < 100_000; round++)
        {
            var (policy, profile) = (input.Policy(), input.Profile() with { Needs = TargetCapabilities.Chat });
            var targets = input.Targets();
            if (targets.DistinctBy(target => target.Descriptor.Name).Count() < targets.Length) continue; // a client refuses them
            for (var i = 0; i < targets.Length; i++)
            {
                if (random.Next(2) == 0) targets[i] = new(targets[i].Descriptor with { Capabilities = Device.Capabilities, ColdStart = slow, ContextLength = int.MaxValue }, Cold);
            }

            var decision = PolicyEngine.Decide(profile, targets, policy);
            if (decision.Bridge is not { } bridge) continue;
            bridged++;
            Wall[] ofTheWhole = [Wall.Price, Wall.Carbon, Wall.Deadline, Wall.Budget];
            Assert.All(decision.Targets.First(target => target.Name == bridge.Target).Walls, wall => Assert.Contains(wall.Wall, ofTheWhole));
            Assert.All(decision.Chosen!.Walls, wall => Assert.Equal(Wall.FirstToken, wall.Wall));
            Assert.NotEqual(bridge.Target, decision.Chosen.Name);
            Assert.True(bridge.InsteadDollars is not { } alone || bridge.ScoreDollars < alone);
        }

        Assert.InRange(bridged, 100, 90_000);
    }

    private static Decision Decide(RequestProfile profile, RoutingPolicy? policy = null, TargetDescriptor? device = null, TargetDescriptor? cloud = null, TargetState? state = null) =>
        PolicyEngine.Decide(profile, [(device ?? Device).Warm(), new(cloud ?? Cloud, state ?? Cold)], policy ?? Policy);
}
