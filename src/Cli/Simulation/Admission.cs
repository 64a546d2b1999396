using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Cli.Simulation;

/// <summary>Which targets the lasting walls leave a request: privacy, policy and context, asked of the policy's own walls.</summary>
internal sealed class Admission(IReadOnlyList<SimulatedTarget> targets, RoutingPolicy policy)
{
    private static readonly Wall[] Lasting = [Wall.Privacy, Wall.Offline, Wall.NotAllowed, Wall.Capability, Wall.Context];

    public bool Admits(int target, TraceRequest request)
    {
        var profile = new RequestProfile { PromptTokens = request.PromptTokens, ExpectedOutputTokens = request.OutputTokens, Privacy = request.Privacy };
        var snapshot = new TargetSnapshot(targets[target].Descriptor, TargetState.Warm);
        Span<TargetScore> scores = [default];
        PolicyEngine.Score(profile, [snapshot], policy, scores);
        return !Array.Exists(Lasting, scores[0].Walls.Has);
    }

    /// <summary>Whether prompt and answer fit: what every rule looks at.</summary>
    public bool Fits(int target, TraceRequest request) => (long)request.PromptTokens + request.OutputTokens <= targets[target].Descriptor.ContextLength;

    /// <summary>The quality of the best target that is admitted; 0 where none is.</summary>
    public double BestQuality(TraceRequest request)
    {
        var best = 0.0;
        for (var i = 0; i < targets.Count; i++)
        {
            if (Admits(i, request))
                best = Math.Max(best, CostModel.Quality(targets[i].Descriptor));
        }

        return best;
    }
}
