using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Cli.Simulation.Rules;

/// <summary>Ours: the runtime's policy engine over the runtime's predictors, which learn from the receipts and from nothing else.</summary>
internal sealed class HybridRule : IRoutingRule
{
    private readonly IReadOnlyList<SimulatedTarget> _targets;
    private readonly RoutingPolicy _policy;
    private readonly TargetPredictor[] _predictors;
    private readonly Dictionary<string, AnswerLength> _lengths = new(StringComparer.Ordinal);

    public HybridRule(IReadOnlyList<SimulatedTarget> targets, RoutingPolicy policy, SimulatedClock clock)
    {
        (_targets, _policy) = (targets, policy);
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

        var profile = new RequestProfile
        {
            PromptTokens = request.PromptTokens,
            ExpectedOutputTokens = Length(request.Tag).Expected,
            Tag = request.Tag,
            Privacy = request.Privacy,
            TimeLeft = TimeSpan.FromSeconds(request.Deadline - now),
        };
        var scores = new TargetScore[snapshots.Length];
        var best = PolicyEngine.Score(profile, snapshots, _policy, scores);
        if (best < 0)
            return new([]);
        Chosen[best]++;
        return new([.. Enumerable.Range(0, scores.Length).Where(i => scores[i].Admitted).OrderBy(i => scores[i].ScoreDollars)]);
    }

    public void Observe(TraceRequest request, Receipt receipt)
    {
        for (var i = 0; i < _targets.Count; i++)
        {
            if (_targets[i].Name == receipt.Target)
                _predictors[i].Observe(receipt);
        }

        if (receipt.Finish == RequestFinish.Stop)
            Length(request.Tag).Observe(receipt.OutputTokens);
    }

    private AnswerLength Length(string tag) => _lengths.TryGetValue(tag, out var known) ? known : _lengths[tag] = new(_policy.ExpectedOutputTokens);

    /// <summary>The mean length of a task's answers, the policy's expectation counting as ten of them.</summary>
    private sealed class AnswerLength(int stated)
    {
        private double _sum = 10.0 * stated;
        private int _count = 10;

        public int Expected => (int)Math.Round(_sum / _count);

        public void Observe(int tokens) => (_sum, _count) = (_sum + tokens, _count + 1);
    }
}
