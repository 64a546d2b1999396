namespace Hybrid.Cli.Simulation.Rules;

/// <summary>Everything stays here; what the device cannot take fails.</summary>
internal sealed class DeviceOnly(Sides sides) : IRoutingRule
{
    public string Name => "device only";

    public Choice Choose(TraceRequest request, World world, double now) => new(sides.Able(request, sides.Devices));
}

/// <summary>Everything goes to the cloud that looks best on paper; the other clouds stand by.</summary>
internal sealed class CloudOnly(Sides sides) : IRoutingRule
{
    public string Name => "cloud only";

    public Choice Choose(TraceRequest request, World world, double now) => new(sides.Able(request, sides.Clouds));
}

/// <summary>Everything goes to the target that looks best on paper, as a person would configure it once; the others stand by.</summary>
internal sealed class BestOnPaper(Sides sides) : IRoutingRule
{
    public string Name => "best on paper";

    public Choice Choose(TraceRequest request, World world, double now) => new(sides.Able(request, sides.OnPaper));
}

/// <summary>Firebase AI Logic's PREFER_ON_DEVICE: the device when it is able, else the cloud.</summary>
internal sealed class PreferDevice(Sides sides) : IRoutingRule
{
    public string Name => "prefer device";

    public Choice Choose(TraceRequest request, World world, double now) => new(sides.Able(request, [.. sides.Devices, .. sides.Clouds]));
}

/// <summary>Any target, each as often as another policy chose it first; the others stand by.</summary>
internal sealed class RandomShare(Sides sides, IReadOnlyList<double> shares, int seed) : IRoutingRule
{
    public string Name => "random";

    public Choice Choose(TraceRequest request, World world, double now)
    {
        var able = sides.Able(request, sides.OnPaper);
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
