using Hybrid.Cli.Simulation;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Cli.Tests.Simulation;

/// <summary>Targets without noise, drift or faults, so that every figure can be worked out by hand.</summary>
internal static class Exact
{
    /// <summary>A cent a second, nothing for carbon, a tenth of a cent for a point of quality.</summary>
    public static RoutingPolicy Policy { get; } = new() { Name = "exact", DollarsPerSecond = 0.01, DollarsPerQualityPoint = 0.001, ExpectedOutputTokens = 11 };

    /// <summary>100 tokens/s of prompt, 10 of answer, half a second away.</summary>
    public static SimulatedTarget Target(string name, Zone zone, Func<TargetDescriptor, TargetDescriptor>? change = null)
    {
        var descriptor = new TargetDescriptor
        {
            Name = name,
            Model = "m",
            Zone = zone,
            Quality = 0.5,
            ContextLength = 4096,
            Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation,
            PrefillTokensPerSecond = 100,
            DecodeTokensPerSecond = 10,
            RoundTrip = TimeSpan.FromSeconds(0.5),
        };
        return new() { Descriptor = change is null ? descriptor : change(descriptor), Slots = 1, Bias = 0, Drift = 0, FirstTokenNoise = 0, PerTokenNoise = 0, ColdStartNoise = 0 };
    }

    /// <summary>100 tokens in, 11 out: on an exact target 1.5 s to the first token and 2.5 s in all.</summary>
    public static TraceRequest Request(int id = 0, double at = 0, PrivacyClass privacy = PrivacyClass.Public, int prompt = 100, double patience = 60) =>
        new(id, at, "chat", prompt, 11, privacy, patience);

    /// <summary>A world without outages of the network.</summary>
    public static World World(params SimulatedTarget[] targets) => new(targets, new Weather(targets, 0, 0), 0);

    public static IReadOnlyList<Outcome> Play(IRoutingRule rule, SimulatedTarget[] targets, params TraceRequest[] requests)
    {
        var trace = new Trace("exact", 0, requests);
        return new Simulator(trace, World(targets), new Admission(targets, Policy), Policy, rule, new SimulatedClock()).Run();
    }
}

/// <summary>Always the same order.</summary>
internal sealed class InOrder(bool race, params int[] order) : IRoutingRule
{
    public InOrder(params int[] order)
        : this(false, order)
    {
    }

    public string Name => "in order";

    public Choice Choose(TraceRequest request, World world, double now) => new(order, race);
}
