using Hybrid.Targets;

namespace Hybrid.Cli.Simulation;

/// <summary>One target's slots and warmth, as its requests so far left them.</summary>
internal sealed class TargetCondition(SimulatedTarget target)
{
    private readonly double[] _freeAt = new double[target.Slots];
    private readonly List<double> _ends = [];
    private double _warmUntil = double.NegativeInfinity;

    /// <summary>When it is, or was, ready after it was last woken by us.</summary>
    public double ReadyAt { get; private set; } = double.NegativeInfinity;

    /// <summary>When the client last learned by a request how it is.</summary>
    public double MetAt { get; set; } = double.NegativeInfinity;

    /// <summary>When an attempt last failed before its first token.</summary>
    public double FaultAt { get; set; } = double.NegativeInfinity;

    /// <summary>Warmth by our own requests alone.</summary>
    public TargetReadiness Warmth(double at) =>
        at >= _warmUntil ? TargetReadiness.Cold : at < ReadyAt ? TargetReadiness.Warming : TargetReadiness.Warm;

    /// <summary>When a request that comes now gets a slot, at this time or later.</summary>
    public double FreeAt(double at) => _freeAt.Length == 0 ? at : Math.Max(at, _freeAt.Min());

    /// <summary>Our requests that are decoded, and those that wait.</summary>
    public (int Busy, int Queue) Load(double now)
    {
        _ends.RemoveAll(end => end <= now);
        var busy = target.Slots == 0 ? _ends.Count : Math.Min(_ends.Count, target.Slots);
        return (busy, _ends.Count - busy);
    }

    public void Take(SimulatedAttempt attempt)
    {
        MetAt = Math.Max(MetAt, attempt.AskedAt);
        _ends.Add(attempt.EndAt);
        if (attempt.Cold)
            ReadyAt = attempt.ReadyAt;
        _warmUntil = Math.Max(_warmUntil, Math.Max(attempt.EndAt, attempt.ReadyAt) + target.Descriptor.StaysWarm.TotalSeconds);
        if (_freeAt.Length > 0 && attempt.ServedAt < attempt.EndAt)
            _freeAt[Array.IndexOf(_freeAt, _freeAt.Min())] = attempt.EndAt;
    }
}
