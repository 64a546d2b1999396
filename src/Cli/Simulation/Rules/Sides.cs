using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Cli.Simulation.Rules;

/// <summary>The targets as simple rules see them: the device, and the others from the one that looks best on paper.</summary>
internal sealed class Sides
{
    private const int UsualPrompt = 500;
    private const int UsualAnswer = 150;
    private readonly Admission _admission;
    private readonly bool _walled;

    /// <param name="targets">All of them.</param>
    /// <param name="policy">Whose prices rank them on paper.</param>
    /// <param name="admission">Into which of them a request fits, and which may see it.</param>
    /// <param name="walled">Whether even rules that know no walls keep them.</param>
    public Sides(IReadOnlyList<SimulatedTarget> targets, RoutingPolicy policy, Admission admission, bool walled = false)
    {
        (_admission, _walled) = (admission, walled);
        OnPaper = [.. Enumerable.Range(0, targets.Count).OrderBy(i => Stated(targets[i], policy))];
        Devices = [.. OnPaper.Where(i => targets[i].OnDevice)];
        Servers = [.. OnPaper.Where(i => !targets[i].OnDevice)];
        Clouds = [.. Servers.Where(i => targets[i].Remote)];
        if (Clouds.Count == 0)
            Clouds = Servers;
    }

    /// <summary>Best first, by the policy's own score of a usual request at the stated figures, a cold start counted.</summary>
    public IReadOnlyList<int> OnPaper { get; }

    public IReadOnlyList<int> Devices { get; }

    /// <summary>What is not the device, best on paper first.</summary>
    public IReadOnlyList<int> Servers { get; }

    /// <summary>What is neither the device nor its site, best on paper first; where there is none, the servers.</summary>
    public IReadOnlyList<int> Clouds { get; }

    /// <summary>Those of an order into which the request fits; with walls, those that may see it, and the device where none of them may.</summary>
    public IReadOnlyList<int> Able(TraceRequest request, params IEnumerable<int> order)
    {
        if (!_walled)
            return [.. order.Where(i => _admission.Fits(i, request))];
        int[] may = [.. order.Where(i => _admission.Admits(i, request))];
        return may.Length > 0 ? may : [.. Devices.Where(i => _admission.Admits(i, request))];
    }

    private static double Stated(SimulatedTarget target, RoutingPolicy policy)
    {
        var state = target.ScalesToZero ? new TargetState(TargetReadiness.Cold) : TargetState.Warm;
        var profile = new RequestProfile { PromptTokens = UsualPrompt, ExpectedOutputTokens = UsualAnswer };
        Span<TargetScore> scores = stackalloc TargetScore[1];
        PolicyEngine.Score(profile, [new(target.Descriptor, state)], policy, scores);
        return scores[0].ScoreDollars + ((1 - scores[0].Quality) * 100 * policy.DollarsPerQualityPoint);
    }
}
