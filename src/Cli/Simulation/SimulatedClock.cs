namespace Hybrid.Cli.Simulation;

/// <summary>The trace's time for those who learn; it stands still between events.</summary>
internal sealed class SimulatedClock : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2026, 6, 1, (int)Trace.StartHour, 0, 0, TimeSpan.Zero);

    /// <summary>Seconds from the start of the trace.</summary>
    public double Seconds { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Start + TimeSpan.FromSeconds(Seconds);

    public override long GetTimestamp() => GetUtcNow().Ticks;
}
