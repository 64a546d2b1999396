namespace Hybrid.Models.Pull.Shards;

/// <summary>Bytes per second over all connections of a puller: each taker waits until its bytes have their turn.</summary>
internal sealed class SpeedLimit(double? bytesPerSecond, TimeProvider time)
{
    // What may come at once after a rest, so that many small reads do not each wait.
    private const double BurstSeconds = 0.1;
    private readonly Lock _lock = new();
    private long _paidUntil = time.GetTimestamp();

    /// <summary>The most that should be taken at once.</summary>
    public int LargestTake => bytesPerSecond is { } rate ? (int)Math.Clamp(rate * BurstSeconds, 1024, int.MaxValue) : int.MaxValue;

    /// <summary>Accounts for bytes that came, and waits for as long as they were too early.</summary>
    public ValueTask TakeAsync(int bytes, CancellationToken cancellationToken)
    {
        if (bytesPerSecond is not { } rate)
            return ValueTask.CompletedTask;
        TimeSpan wait;
        lock (_lock)
        {
            var now = time.GetTimestamp();
            var earliest = now - (long)(BurstSeconds * time.TimestampFrequency);
            _paidUntil = Math.Max(_paidUntil, earliest) + (long)(bytes / rate * time.TimestampFrequency);
            wait = time.GetElapsedTime(now, _paidUntil);
        }

        return wait <= TimeSpan.Zero ? ValueTask.CompletedTask : new(Task.Delay(wait, time, cancellationToken));
    }
}
