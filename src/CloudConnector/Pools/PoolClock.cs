namespace Hybrid.CloudConnector.Pools;

/// <summary>Time since the pool began, by a clock that does not jump.</summary>
internal sealed class PoolClock(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    public TimeProvider Time => time;

    public TimeSpan Now => time.GetElapsedTime(_start);

    /// <summary>A moment of this clock as others have it.</summary>
    public DateTimeOffset At(TimeSpan moment, TimeSpan now) => time.GetUtcNow() + (moment - now);

    /// <summary>The same as people write it.</summary>
    public string Words(TimeSpan moment, TimeSpan now) => $"{At(moment, now):HH:mm:ss}Z";
}
