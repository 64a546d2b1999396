using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Cli.Simulation.Rules;

/// <summary>The order in which simple rules ask: the device, and the clouds from the one that looks best on paper.</summary>
/// <remarks>A cloud is what is neither the device nor its site; where there is none, what is not the device.</remarks>
internal sealed class Sides
{
    private const int UsualPrompt = 500;
    private const int UsualAnswer = 150;

    public Sides(IReadOnlyList<SimulatedTarget> targets, RoutingPolicy policy, Admission admission)
    {
        Admission = admission;
        All = [.. Enumerable.Range(0, targets.Count)];
        Devices = [.. All.Where(i => targets[i].OnDevice)];
        int[] remote = [.. All.Where(i => targets[i].Remote)];
        Clouds = [.. (remote.Length > 0 ? remote : All.Except(Devices)).OrderBy(i => Stated(targets[i], policy))];
    }

    public Admission Admission { get; }

    public IReadOnlyList<int> All { get; }

    public IReadOnlyList<int> Devices { get; }

    /// <summary>Best first, by the policy's own score of a usual request at the stated figures, a cold start counted.</summary>
    public IReadOnlyList<int> Clouds { get; }

    /// <summary>Those of an order into which the request fits.</summary>
    public IReadOnlyList<int> Able(TraceRequest request, params IEnumerable<int> order) => [.. order.Where(i => Admission.Fits(i, request))];

    private static double Stated(SimulatedTarget target, RoutingPolicy policy)
    {
        var state = target.ScalesToZero ? new TargetState(TargetReadiness.Cold) : TargetState.Warm;
        var profile = new RequestProfile { PromptTokens = UsualPrompt, ExpectedOutputTokens = UsualAnswer };
        Span<TargetScore> scores = stackalloc TargetScore[1];
        PolicyEngine.Score(profile, [new(target.Descriptor, state)], policy, scores);
        return scores[0].ScoreDollars + ((1 - scores[0].Quality) * 100 * policy.DollarsPerQualityPoint);
    }
}

/// <summary>Everything stays here; what the device cannot take fails.</summary>
internal sealed class DeviceOnly(Sides sides) : IRoutingRule
{
    public string Name => "device only";

    public Route Choose(TraceRequest request, World world, double now) => new(sides.Able(request, sides.Devices));
}

/// <summary>Everything goes to the cloud that looks best on paper; the other clouds stand by.</summary>
internal sealed class CloudOnly(Sides sides) : IRoutingRule
{
    public string Name => "cloud only";

    public Route Choose(TraceRequest request, World world, double now) => new(sides.Able(request, sides.Clouds));
}

/// <summary>Firebase AI Logic's PREFER_ON_DEVICE: the device when it is able, else the cloud.</summary>
internal sealed class PreferDevice(Sides sides) : IRoutingRule
{
    public string Name => "prefer device";

    public Route Choose(TraceRequest request, World world, double now) => new(sides.Able(request, [.. sides.Devices, .. sides.Clouds]));
}

/// <summary>Any target, each as often as another policy chose it first; the device stands by, then the rest.</summary>
internal sealed class RandomShare(Sides sides, IReadOnlyList<double> shares, int seed) : IRoutingRule
{
    public string Name => "random";

    public Route Choose(TraceRequest request, World world, double now)
    {
        var able = sides.Able(request, sides.All);
        if (able.Count == 0)
            return new([]);
        var left = Draw.Uniform(seed, Draws.Coin, request.Id) * able.Sum(i => shares[i]);
        var first = able[^1];
        foreach (var i in able)
        {
            left -= shares[i];
            if (left >= 0)
                continue;
            first = i;
            break;
        }

        return new([first, .. able.Where(i => i != first)]);
    }
}
