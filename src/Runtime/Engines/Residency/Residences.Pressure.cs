namespace Hybrid.Engines.Residency;

/// <summary>Models leave when the device is short of memory.</summary>
internal sealed partial class Residences
{
    /// <summary>How often the pressure is looked at while something is loaded.</summary>
    public static readonly TimeSpan PressureLook = TimeSpan.FromSeconds(5);

    private ITimer? _pressureTimer;

    /// <summary>Looks again in a while; under the lock, after a load.</summary>
    private void WatchPressure()
    {
        if (_pressure is null || _disposed) return;
        _pressureTimer ??= _time.CreateTimer(_ => Locked(LookAtPressure), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _pressureTimer.Change(PressureLook, Timeout.InfiniteTimeSpan);
    }

    /// <summary>One idle model a look, least recently used first: its memory may be enough, and is free only once it is gone.</summary>
    private void LookAtPressure()
    {
        if (_disposed || _held.Count == 0) return;
        var unloading = _held.Exists(one => one.Phase == ResidencePhase.Unloading);
        if (!unloading && _pressure!.IsHigh && _held.Where(one => one.MayMakeWay && one.Leases == 0).MinBy(one => one.LastUse) is { } idle)
            Unload(idle, "the device is short of memory");
        WatchPressure();
    }
}
