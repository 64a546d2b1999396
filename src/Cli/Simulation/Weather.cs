namespace Hybrid.Cli.Simulation;

/// <summary>What happens whoever decides: how fast targets are, outages, other tenants, and the grid, all from a seed.</summary>
internal sealed class Weather
{
    private const double Step = 300;
    private const double DriftTime = 2400; // seconds until a target's slowness has mostly forgotten itself
    private const double BetweenNetworkOutages = 9 * 3600;
    private const double NetworkOutage = 180;

    private readonly IReadOnlyList<SimulatedTarget> _targets;
    private readonly double[][] _slowness;
    private readonly Intervals[] _outages;
    private readonly Intervals[] _others;
    private readonly Intervals _network;

    public Weather(IReadOnlyList<SimulatedTarget> targets, double seconds, int seed)
    {
        // Requests that arrive last still end inside.
        var end = seconds + 7200;
        _targets = targets;
        _slowness = [.. targets.Select((target, i) => Wander(target, end, seed, i))];
        _outages = [.. targets.Select((target, i) => Alternate(end, target.BetweenOutages, target.OutageLength, new(seed, Draws.Outages, i)))];
        _others = [.. targets.Select((target, i) => OthersOf(target, end, new(seed, Draws.OtherTenants, i)))];
        _network = Alternate(end, BetweenNetworkOutages, NetworkOutage, new(seed, Draws.Outages, -1));
    }

    /// <summary>How many times longer than stated the target takes.</summary>
    public double Slowness(int target, double at)
    {
        var steps = _slowness[target];
        var place = Math.Clamp(at / Step, 0, steps.Length - 1.001);
        var i = (int)place;
        return Math.Exp(steps[i] + ((steps[i + 1] - steps[i]) * (place - i)));
    }

    /// <summary>Whether it cannot be reached.</summary>
    public bool IsDown(int target, double at) => _outages[target].Contain(at) || NetworkIsDown(target, at);

    /// <summary>Whether it is the network that is down between here and there.</summary>
    public bool NetworkIsDown(int target, double at) => _targets[target].Remote && _network.Contain(at);

    /// <summary>When it next goes out of reach; infinite: never.</summary>
    public double NextOutage(int target, double at) =>
        Math.Min(_outages[target].NextFrom(at), _targets[target].Remote ? _network.NextFrom(at) : double.PositiveInfinity);

    /// <summary>The stretch in which other tenants keep it warm, if they do now.</summary>
    public (double From, double To)? OthersKeepWarm(int target, double at) => _others[target].At(at);

    /// <summary>Grams CO2e per kWh: most in the evening, least at night and, with solar power, at noon; stated each half hour.</summary>
    public double GramsPerKilowattHour(int target, double at)
    {
        var hour = Trace.HourOfDay(Math.Floor(at / 1800) * 1800);
        var evening = 0.15 * Math.Cos(2 * Math.PI * (hour - 19) / 24);
        var noon = _targets[target].SolarShare * Math.Pow(Math.Max(0, Math.Sin(Math.PI * (hour - 6) / 14)), 2);
        return _targets[target].Descriptor.GramsPerKilowattHour * Math.Max(0.05, 1 + evening - noon);
    }

    /// <summary>The logarithm of slowness at each step: a bias drawn once and a random walk that is pulled back.</summary>
    private static double[] Wander(SimulatedTarget target, double end, int seed, int i)
    {
        var bias = target.Bias * Draw.Normal(seed, Draws.Bias, i);
        var draws = new DrawSequence(seed, Draws.Slowness, i);
        var kept = Math.Exp(-Step / DriftTime);
        var steps = new double[(int)(end / Step) + 2];
        var walk = target.Drift * draws.Normal();
        for (var step = 0; step < steps.Length; step++)
        {
            steps[step] = bias + walk;
            walk = (walk * kept) + (target.Drift * Math.Sqrt(1 - (kept * kept)) * draws.Normal());
        }

        return steps;
    }

    private static Intervals Alternate(double end, double between, double length, DrawSequence draws)
    {
        if (double.IsInfinity(between))
            return Intervals.None;
        List<(double, double)> spans = [];
        for (var at = draws.Exponential(between); at < end;)
        {
            var to = at + draws.Exponential(length);
            spans.Add((at, to));
            at = to + draws.Exponential(between);
        }

        return new(spans);
    }

    private static Intervals OthersOf(SimulatedTarget target, double end, DrawSequence draws)
    {
        const double stretch = 1200;
        List<(double, double)> spans = [];
        if (target.KeptWarmByOthers <= 0)
            return Intervals.None;
        for (var at = 0.0; at < end; at += stretch)
        {
            var share = Trace.HourOfDay(at) is >= 7 and < 20 ? target.KeptWarmByOthers : target.KeptWarmByOthers / 4;
            if (draws.Uniform() >= share)
                continue;
            if (spans.Count > 0 && spans[^1].Item2 == at)
                spans[^1] = (spans[^1].Item1, at + stretch);
            else
                spans.Add((at, at + stretch));
        }

        return new(spans);
    }
}
