using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Tests.Policy;

/// <summary>A small table of targets with round figures.</summary>
internal static class TestTargets
{
    public static TargetDescriptor Device { get; } = new()
    {
        Name = "device",
        Model = "small",
        Zone = Zone.Device,
        ParametersBillions = 1,
        ContextLength = 4096,
        ActiveWatts = 15,
        PrefillTokensPerSecond = 400,
        DecodeTokensPerSecond = 30,
    };

    public static TargetDescriptor Site { get; } = new()
    {
        Name = "site",
        Model = "middle",
        Zone = Zone.Site,
        ParametersBillions = 8,
        RoundTrip = TimeSpan.FromMilliseconds(5),
        ActiveWatts = 120,
        DollarsPerHour = 0.3,
        PrefillTokensPerSecond = 2000,
        DecodeTokensPerSecond = 60,
    };

    public static TargetDescriptor Cloud { get; } = new()
    {
        Name = "cloud",
        Model = "large",
        Zone = Zone.Public,
        ParametersBillions = 70,
        RoundTrip = TimeSpan.FromMilliseconds(60),
        ActiveWatts = 100,
        PowerUsageEffectiveness = 1.2,
        DollarsPerMillionInputTokens = 0.5,
        DollarsPerMillionOutputTokens = 1.5,
        PrefillTokensPerSecond = 5000,
        DecodeTokensPerSecond = 90,
    };

    public static RequestProfile Chat { get; } = new() { PromptTokens = 300, ExpectedOutputTokens = 128 };

    public static TargetSnapshot Warm(this TargetDescriptor descriptor) => new(descriptor, TargetState.Warm);

    public static Decision Decide(RequestProfile profile, RoutingPolicy policy, params TargetDescriptor[] targets) =>
        PolicyEngine.Decide(profile, targets.Select(Warm).ToArray(), policy);
}
