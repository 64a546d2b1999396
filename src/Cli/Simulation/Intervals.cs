namespace Hybrid.Cli.Simulation;

/// <summary>Stretches of time that do not overlap, in order.</summary>
internal sealed class Intervals(IReadOnlyList<(double From, double To)> spans)
{
    public static Intervals None { get; } = new([]);

    /// <summary>The stretch that holds a time.</summary>
    public (double From, double To)? At(double time)
    {
        var i = LastFrom(time);
        return i >= 0 && time < spans[i].To ? spans[i] : null;
    }

    public bool Contain(double time) => At(time) is not null;

    /// <summary>When the next stretch begins, at this time or later; infinite: never.</summary>
    public double NextFrom(double time)
    {
        var i = LastFrom(time);
        if (i >= 0 && spans[i].From == time)
            return time;
        return i + 1 < spans.Count ? spans[i + 1].From : double.PositiveInfinity;
    }

    private int LastFrom(double time)
    {
        var (low, high) = (0, spans.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (spans[middle].From <= time)
                low = middle + 1;
            else
                high = middle;
        }

        return low - 1;
    }
}
