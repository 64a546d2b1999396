using Hybrid.Accounting;
using Hybrid.Accounting.Predictors;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Cli.Simulation.Rules;

/// <summary>Ours: the runtime's policy engine over the runtime's predictors, which learn from the receipts and from nothing else.</summary>
internal sealed class HybridRule : IRoutingRule
{
    private readonly IReadOnlyList<SimulatedTarget> _targets;
    private readonly RoutingPolicy _policy;
    private readonly TargetPredictor[] _predictors;
    private readonly OutputLengths _lengths = new();
    private readonly Dictionary<int, Decision> _decisions = [];

    public HybridRule(IReadOnlyList<SimulatedTarget> targets, RoutingPolicy policy, SimulatedClock clock)
    {
        (_targets, _policy) = (targets, policy with { Handover = false }); // an answer of the simulator has one speaker
        _predictors = [.. targets.Select(target => new TargetPredictor(target.Descriptor, clock))];
        Chosen = new int[targets.Count];
    }

    public string Name => "hybrid";

    /// <summary>How often each target was the first choice.</summary>
    public int[] Chosen { get; }

    public Choice Choose(TraceRequest request, World world, double now)
    {
        var snapshots = new TargetSnapshot[_targets.Count];
        for (var i = 0; i < snapshots.Length; i++)
        {
            var grid = new GridIntensity(world.GramsPerKilowattHour(i, now), IntensityKind.Average, "simulated", IntensityProvenance.Live);
            snapshots[i] = new(_targets[i].Descriptor, world.Seen(i, now), _predictors[i].Snapshot()) { Grid = grid };
        }

        var length = _lengths.Find(request.Tag);
        var profile = new RequestProfile
        {
            PromptTokens = request.PromptTokens,
            ExpectedOutputTokens = Tokens(length?.Mean(null)) ?? _policy.ExpectedOutputTokens,
            OutputTokensAtQuantile = Tokens(length?.At(_policy.LatencyQuantile)),
            Tag = request.Tag,
            Privacy = request.Privacy,
            TimeLeft = TimeSpan.FromSeconds(request.Deadline - now),
        };
        var decision = PolicyEngine.Decide(profile, snapshots, _policy);
        _decisions[request.Id] = decision;
        int[] order = [.. decision.Ranking.Select(target => IndexOf(target.Name))];
        if (order.Length > 0)
            Chosen[order[0]]++;
        return new(order);
    }

    /// <summary>Learns as the chat client does when a request has ended.</summary>
    public void Settle(TraceRequest request, IReadOnlyList<Receipt> receipts, RequestFinish finish)
    {
        _decisions.Remove(request.Id, out var decision);
        for (var i = 0; i < receipts.Count; i++)
        {
            var target = IndexOf(receipts[i].Target);
            _predictors[target].Observe(receipts[i], i == 0 ? decision!.Profile : null, decision!.Snapshots[target].State);
        }

        _lengths.Observe(new() { Id = $"{request.Id}", Decision = decision!, Segments = receipts, Finish = finish });
    }

    private static int? Tokens(double? learned) => learned is { } tokens ? (int)Math.Max(1, Math.Ceiling(tokens)) : null;

    private int IndexOf(string name)
    {
        for (var i = 0; i < _targets.Count; i++)
        {
            if (_targets[i].Name == name)
                return i;
        }

        return -1;
    }
}
