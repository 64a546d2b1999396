namespace Hybrid.Engines.LlamaCpp.Batching;

/// <summary>What a step of n tokens costs on this machine with this model, learned from the steps themselves.</summary>
/// <remarks>
/// Batching does not always pay: with some quantisations two tokens at once take longer than one after the other. So each
/// size is tried a few times when it first could be used, and again now and then, and the cheapest way is taken. Some kernels
/// work on four or eight tokens at once, so that a step of six can take longer than one of eight: such a step is filled up.
/// </remarks>
internal sealed class StepCosts
{
    private const int TrialSteps = 4;
    private const double Forgetting = 0.2;
    private const double Outlier = 3;
    private static readonly int[] Multiples = [4, 8];
    private readonly bool _pads;
    private readonly double[] _seconds;
    private readonly int[] _seen;
    private readonly int[] _groups;
    private readonly double[] _best;
    private readonly int[] _first;

    /// <param name="largest">The most tokens of one step that are learned.</param>
    /// <param name="sequences">The most sequences to plan for.</param>
    /// <param name="pads">Whether a step may be filled up with rows that belong to nobody.</param>
    public StepCosts(int largest, int sequences, bool pads = false)
    {
        _pads = pads;
        _seconds = new double[largest + 1];
        _seen = new int[largest + 1];
        _groups = new int[sequences];
        _best = new double[sequences + 1];
        _first = new int[sequences + 1];
    }

    public int Largest => _seconds.Length - 1;

    /// <summary>Takes in how long a step of so many tokens took, those that filled it up included.</summary>
    public void Observe(int tokens, double seconds)
    {
        if (tokens > Largest)
            return;
        var known = _seconds[tokens];
        if (_seen[tokens]++ < TrialSteps)
            _seconds[tokens] = known == 0 ? seconds : Math.Min(known, seconds);
        else
            _seconds[tokens] += Forgetting * (Math.Min(seconds, Outlier * known) - known);
    }

    /// <summary>Whether a size has been tried often enough to be judged.</summary>
    public bool Knows(int tokens) => _seen[tokens] >= TrialSteps;

    /// <summary>How many rows a step of so many tokens should have: as many, or a few more where that is faster or was never tried.</summary>
    public int Rows(int tokens) => tokens <= Largest && Knows(tokens) ? Fastest(tokens, tries: true) : tokens;

    /// <summary>Seconds for a step of so many tokens; of a size never tried, what the next smaller one that was tried takes, which invites the trial.</summary>
    public double Of(int tokens)
    {
        var size = Math.Min(tokens, Largest);
        if (Knows(size))
            return _seconds[Fastest(size, tries: false)];
        for (size--; size > 0; size--)
        {
            if (_seen[size] > 0)
                return _seconds[size];
        }

        return 0;
    }

    /// <summary>How to decode a token of each of n sequences at least cost: the sizes of the groups, largest first.</summary>
    /// <param name="sequences">How many want a token.</param>
    /// <param name="most">The most that may share a step.</param>
    public ReadOnlySpan<int> Plan(int sequences, int most)
    {
        for (var n = 1; n <= sequences; n++)
        {
            _best[n] = double.PositiveInfinity;
            for (var size = Math.Min(n, most); size > 0; size--)
            {
                var cost = Of(size) + _best[n - size];
                if (cost < _best[n])
                    (_best[n], _first[n]) = (cost, size);
            }
        }

        var count = 0;
        for (var left = sequences; left > 0; left -= _first[left])
            _groups[count++] = _first[left];
        return _groups.AsSpan(0, count);
    }

    /// <summary>The fastest number of rows that is known, or the first that is not where it may be tried.</summary>
    private int Fastest(int tokens, bool tries)
    {
        var best = tokens;
        if (!_pads || tokens < 2)
            return best;
        foreach (var multiple in Multiples)
        {
            var rows = (tokens + multiple - 1) / multiple * multiple;
            if (rows > Largest)
                continue;
            if (!Knows(rows) && tries)
                return rows;
            if (Knows(rows) && _seconds[rows] < _seconds[best])
                best = rows;
        }

        return best;
    }

    /// <summary>Forgets that a size was tried, so that it is tried again.</summary>
    public void TryAgain(int tokens) => _seen[Math.Min(tokens, Largest)] = 0;
}
