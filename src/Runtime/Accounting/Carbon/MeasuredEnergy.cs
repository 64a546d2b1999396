namespace Hybrid.Accounting;

/// <summary>Shares what the machine's meter shows among the attempts that are open: equal parts for each stretch between two readings.</summary>
/// <remarks>Thread-safe. It is read when an attempt begins or ends, and each second while any is open. What the machine draws for other work is in it.</remarks>
internal sealed class MeasuredEnergy : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private readonly Lock _lock = new();
    private readonly List<EnergyShare> _open = [];
    private readonly IJouleCounter _counter;
    private readonly ITimer _timer;
    private double _last;

    /// <param name="counter">The meter; disposed with this, where it can be.</param>
    /// <param name="time">The clock of the readings.</param>
    public MeasuredEnergy(IJouleCounter counter, TimeProvider time)
    {
        _counter = counter;
        _timer = time.CreateTimer(_ => Tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether the GPUs' energy is all that is measured: processor and memory are not in it.</summary>
    public bool IsGpuAlone { get; private init; }

    /// <summary>The machine's best meter: RAPL and the GPUs' own, else its battery, which feeds the GPUs too, else the GPUs' alone.</summary>
    /// <param name="sys">The root of sysfs, usually <c>/sys</c>.</param>
    /// <param name="openGpus">Opens the GPUs' meter; not called where the battery counts.</param>
    /// <param name="time">The clock of the readings.</param>
    /// <param name="found">Which it is, or why there is none.</param>
    public static MeasuredEnergy? Open(string sys, JouleCounterOpener openGpus, TimeProvider time, out string found)
    {
        if (RaplCounter.Open(sys, out var problem) is { } rapl)
        {
            IJouleCounter counter = openGpus(out _) is { } gpus ? new SumCounter(rapl, gpus) : rapl;
            found = counter.Name;
            return new(counter, time);
        }

        if (BatteryCounter.Open(sys, time) is { } battery)
        {
            found = battery.Name;
            return new(battery, time);
        }

        problem += ", and no battery tells";
        if (openGpus(out var none) is { } alone)
        {
            found = $"{alone.Name} (GPU alone): {problem}";
            return new(alone, time) { IsGpuAlone = true };
        }

        found = $"{problem}; GPUs: {none}";
        return null;
    }

    public EnergyShare Begin()
    {
        lock (_lock)
        {
            var share = new EnergyShare(this);
            var known = Settle();
            share.Known = known;
            if (_open.Count == 0) _timer.Change(Period, Period);
            _open.Add(share);
            return share;
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        lock (_lock) (_counter as IDisposable)?.Dispose();
    }

    internal double? End(EnergyShare share)
    {
        lock (_lock)
        {
            if (_open.Contains(share))
            {
                Settle();
                _open.Remove(share);
                if (_open.Count == 0) _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }

            return share.Known ? share.Joules : null;
        }
    }

    private void Tick()
    {
        lock (_lock)
        {
            if (_open.Count > 0) Settle();
        }
    }

    private bool Settle()
    {
        var known = _counter.TryRead(out var now);
        foreach (var share in _open)
        {
            share.Joules += (now - _last) / _open.Count;
            share.Known &= known;
        }

        _last = now;
        return known;
    }
}

/// <summary>One attempt's part of what the meter showed.</summary>
internal sealed class EnergyShare(MeasuredEnergy meter)
{
    internal double Joules { get; set; }

    internal bool Known { get; set; }

    /// <summary>Ends the attempt.</summary>
    /// <returns>Its joules; null where the meter failed meanwhile.</returns>
    public double? End() => meter.End(this);
}
