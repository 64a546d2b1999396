namespace Hybrid.Tests;

/// <summary>Every look at this clock is a millisecond later: whatever is measured takes the same time, be it large or small.</summary>
internal sealed class TickingTimeProvider : TimeProvider
{
    private long _ticks;

    /// <summary>Whether it stands still from now on: nothing that is measured takes any time.</summary>
    public bool Stands { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Add(ref _ticks, Stands ? 0 : TimeSpan.TicksPerMillisecond);
}
