using Hybrid.Benchmarks.Engine;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Benchmarks.Stream.Tables;

/// <summary>A device that speaks for a worker, and what the policy knows of both.</summary>
internal sealed record BridgeScenario(string Name, BenchModel DeviceModel, BenchModel PoolModel, TimeSpan ColdStart, double? Pace)
{
    private static readonly string[] Machines = ["pump", "fan", "motor", "valve", "tank", "boiler", "press", "crane", "mixer", "turbine"];

    public static IReadOnlyList<BridgeScenario> All { get; } =
    [
        new("edge → cloud, 6 tokens/s, 8 s", BenchModel.Get("edge"), BenchModel.Get("cloud"), TimeSpan.FromSeconds(8), 6),
        new("edge → cloud, 30 tokens/s, 1.5 s", BenchModel.Get("edge"), BenchModel.Get("cloud"), TimeSpan.FromSeconds(1.5), 30),
        new("150M → 150M, as it comes, 2 s", BenchModel.Get("q4"), BenchModel.Get("q8"), TimeSpan.FromSeconds(2), null),
    ];

    /// <summary>How long the answer is expected to be, and with random weights is.</summary>
    private int Expected => DeviceModel.Random ? 1500 : 80;

    /// <summary>Somebody waits, and the pool's answer is worth more.</summary>
    public RoutingPolicy Policy => new()
    {
        Name = "bench",
        DollarsPerSecond = 0.001,
        DollarsPerQualityPoint = Pace is null ? 0 : 0.00005,
        TokensPerSecond = Pace,
        ExpectedOutputTokens = Expected,
    };

    public ChatOptions Options => DeviceModel.Random
        ? new() { Temperature = 0.8f, Seed = 1, MaxOutputTokens = 3000 }
        : new() { Temperature = 0, MaxOutputTokens = 200 };

    /// <summary>Without a cache of prefixes, so that each question takes a whole prefill.</summary>
    public LlamaEngineOptions Device => new()
    {
        ModelPath = DeviceModel.Path,
        Threads = 1,
        Poll = 0,
        Slots = 2,
        ContextLength = DeviceModel.Random ? 4096 : null,
        PrefixCache = false,
        Descriptor = new() { Name = "device", Model = "device", Zone = Zone.Device, Quality = 0.3, PrefillTokensPerSecond = 5000, DecodeTokensPerSecond = DeviceModel.Random ? 200 : 2000 },
    };

    public TargetDescriptor Pool => new()
    {
        Name = "cloud",
        Model = "cloud",
        Zone = Zone.Site,
        Quality = 0.9,
        Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation,
        ContextLength = DeviceModel.Random ? 4096 : 1024,
        ColdStart = ColdStart,
        RoundTrip = TimeSpan.FromMilliseconds(2),
        PrefillTokensPerSecond = PoolModel.Random ? 400 : 2500,
        DecodeTokensPerSecond = PoolModel.Random ? 220 : 800,
    };

    public string[] WorkerArguments => ["--cold-start", $"{ColdStart.TotalMilliseconds}ms", "--scale-to-zero-after", "1s", "--context", $"{Pool.ContextLength}"];

    /// <summary>A question whose answer both models know by heart.</summary>
    public static string Question(int i) => $"{Machines[i % Machines.Length]}-{i % 40} does not start. Give me the steps.";
}
