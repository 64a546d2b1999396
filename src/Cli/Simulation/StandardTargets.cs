using Hybrid.Configuration;
using Hybrid.Targets;

namespace Hybrid.Cli.Simulation;

/// <summary>The targets of a simulation: five that stand for what there is, or those of a configuration.</summary>
/// <remarks>
/// Device: the engine's figures for 150M Q4_0 on two cores (364 and 1621 tokens/s, docs/performance.md), a 1B model taking 1/0.15 as
/// long; two slots, for four streams together decode 1.9 times as fast as one there. Qualities and prices of an hour: Ploskonka 2026 (Llama-3.2-1B 0.344, Llama-3.1-8B 0.466 at $1.21, Qwen3 32B 0.637 at $5.67,
/// the mean of 50 to 150B 0.597 at $30.21, Kimi-K2 0.684), shared among the slots. Cold starts: 45 to 90 s for 70B (Cherukuri).
/// The hosted API charges what large ones charge in 2026. Watts are those of the accelerator and its share of the host per slot.
/// </remarks>
internal static class StandardTargets
{
    private const TargetCapabilities Decodes = TargetCapabilities.Chat | TargetCapabilities.Continuation;

    public static IReadOnlyList<SimulatedTarget> All { get; } =
    [
        new()
        {
            Descriptor = new()
            {
                Name = "device", Model = "1b-q4", Zone = Zone.Device, Capabilities = Decodes, ContextLength = 8192, ParametersBillions = 1, Quality = 0.344,
                PrefillTokensPerSecond = 243, DecodeTokensPerSecond = 54, ActiveWatts = 15, GramsPerKilowattHour = 340, GridZone = "DE",
            },
            Slots = 2, Failures = 0.001, Drift = 0.08,
        },
        new()
        {
            Descriptor = new()
            {
                Name = "site", Model = "8b", Zone = Zone.Site, Capabilities = Decodes, ContextLength = 32768, ParametersBillions = 8, Quality = 0.466,
                PrefillTokensPerSecond = 3000, DecodeTokensPerSecond = 45, RoundTrip = TimeSpan.FromMilliseconds(5), DollarsPerHour = 1.21 / 4,
                ActiveWatts = 43, PowerUsageEffectiveness = 1.3, GramsPerKilowattHour = 340, GridZone = "DE",
            },
            Slots = 4, Failures = 0.004, BetweenOutages = 10 * 3600,
        },
        new()
        {
            Descriptor = new()
            {
                Name = "pool-32b", Model = "32b", Zone = Zone.Region("eu"), Capabilities = Decodes, ContextLength = 65536, ParametersBillions = 32, Quality = 0.637,
                PrefillTokensPerSecond = 6000, DecodeTokensPerSecond = 50, RoundTrip = TimeSpan.FromMilliseconds(40), DollarsPerHour = 5.67 / 8,
                ActiveWatts = 180, PowerUsageEffectiveness = 1.2, GramsPerKilowattHour = 60, GridZone = "FR", ColdStart = TimeSpan.FromSeconds(12), StaysWarm = TimeSpan.FromMinutes(2),
            },
            Slots = 8, Failures = 0.01, BetweenOutages = 8 * 3600, KeptWarmByOthers = 0.6, SolarShare = 0.15,
        },
        new()
        {
            Descriptor = new()
            {
                Name = "pool-70b", Model = "70b", Zone = Zone.Region("us"), Capabilities = Decodes, ContextLength = 131072, ParametersBillions = 70, Quality = 0.597,
                PrefillTokensPerSecond = 5000, DecodeTokensPerSecond = 60, RoundTrip = TimeSpan.FromMilliseconds(110), DollarsPerHour = 30.21 / 16,
                ActiveWatts = 220, PowerUsageEffectiveness = 1.2, GramsPerKilowattHour = 380, GridZone = "US", ColdStart = TimeSpan.FromSeconds(60), StaysWarm = TimeSpan.FromMinutes(5),
            },
            Slots = 16, Failures = 0.01, BetweenOutages = 8 * 3600, KeptWarmByOthers = 0.5,
        },
        new()
        {
            Descriptor = new()
            {
                Name = "api", Model = "1000b", Zone = Zone.Public, Capabilities = Decodes, ContextLength = 131072, ParametersBillions = 1000, Quality = 0.684,
                PrefillTokensPerSecond = 8000, DecodeTokensPerSecond = 80, RoundTrip = TimeSpan.FromMilliseconds(350), DollarsPerMillionInputTokens = 3, DollarsPerMillionOutputTokens = 15,
                ActiveWatts = 300, PowerUsageEffectiveness = 1.15, GramsPerKilowattHour = 380, GridZone = "US",
            },
            ReportsTimes = false, Bias = 0.2, Drift = 0.15, FirstTokenNoise = 0.25, PerTokenNoise = 0.12, Stragglers = 0.02, Failures = 0.008, BetweenOutages = 12 * 3600,
        },
    ];

    /// <summary>What a configuration names, with the slots, noise and faults of its kind. Nothing is contacted.</summary>
    public static IReadOnlyList<SimulatedTarget> Of(HybridOptions options)
    {
        List<SimulatedTarget> targets = [];
        if (options.Local is { } local)
            targets.Add(OnDevice(local));
        targets.AddRange(options.LocalModels.Values.Select(OnDevice));
        targets.AddRange(options.Pools.Values.Select(pool => Pool(pool.Descriptor)));
        return targets;
    }

    private static SimulatedTarget OnDevice(LocalOptions local) => All[0] with { Descriptor = local.Descriptor, Slots = local.Slots ?? 1 };

    /// <summary>One that goes cold is taken for a pool, one that is paid by the token for a hosted API, any other for a server.</summary>
    private static SimulatedTarget Pool(TargetDescriptor descriptor)
    {
        var like = descriptor.ColdStart > TimeSpan.Zero ? All[2] : descriptor.DollarsPerMillionOutputTokens > 0 ? All[4] : All[1];
        return like with
        {
            Descriptor = descriptor.ColdStart > TimeSpan.Zero && descriptor.StaysWarm == TimeSpan.Zero ? descriptor with { StaysWarm = TimeSpan.FromMinutes(5) } : descriptor,
        };
    }
}
