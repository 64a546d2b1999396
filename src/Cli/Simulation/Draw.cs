namespace Hybrid.Cli.Simulation;

/// <summary>What a drawn number is for; each use has numbers of its own.</summary>
internal enum Draws
{
    Arrivals,
    Requests,
    Slowness,
    Bias,
    Outages,
    OtherTenants,
    FirstToken,
    Straggler,
    PerToken,
    ColdStart,
    Failure,
    FailurePlace,
    Coin,
}

/// <summary>Random numbers by key: the same key gives the same number, whoever asks, when, and how often.</summary>
/// <remarks>
/// Two policies that send one request to one target therefore meet the same luck there, whatever they did before (common random
/// numbers). The mixer is SplitMix64's (Steele, Lea and Flood 2014).
/// </remarks>
internal static class Draw
{
    /// <summary>Above 0 and below 1.</summary>
    public static double Uniform(int seed, Draws use, long key, int part = 0)
    {
        var bits = Mix(Mix(Mix(Mix((ulong)seed + 1) ^ (ulong)use) ^ (ulong)key) ^ (ulong)part);
        return ((bits >> 11) + 0.5) * (1.0 / (1UL << 53));
    }

    /// <summary>Mean 0, variance 1.</summary>
    public static double Normal(int seed, Draws use, long key, int part = 0) =>
        Math.Sqrt(-2 * Math.Log(Uniform(seed, use, key, part))) * Math.Cos(2 * Math.PI * Uniform(seed, use, key, part + 0x10000));

    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}

/// <summary>Random numbers one after the other, for what is made once before the simulation.</summary>
internal sealed class DrawSequence(int seed, Draws use, int part = 0)
{
    private long _key;

    public double Uniform() => Draw.Uniform(seed, use, _key++, part);

    public double Normal() => Draw.Normal(seed, use, _key++, part);

    /// <summary>The time to the next of events that come at a mean distance, independent of each other.</summary>
    public double Exponential(double mean) => -mean * Math.Log(Uniform());

    /// <summary>A size whose logarithm is normal.</summary>
    public int Size(double median, double sigma, int least, int most) =>
        (int)Math.Clamp(Math.Round(median * Math.Exp(sigma * Normal())), least, most);

    /// <summary>The place in the list, as likely as its weight.</summary>
    public int Pick(ReadOnlySpan<double> weights)
    {
        var left = Uniform() * Sum(weights);
        for (var i = 0; i < weights.Length - 1; i++)
        {
            left -= weights[i];
            if (left < 0)
                return i;
        }

        return weights.Length - 1;
    }

    private static double Sum(ReadOnlySpan<double> weights)
    {
        var sum = 0.0;
        foreach (var weight in weights)
            sum += weight;
        return sum;
    }
}
