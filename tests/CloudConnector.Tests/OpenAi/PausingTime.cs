namespace Hybrid.CloudConnector.Tests.OpenAi;

/// <summary>A clock on which pauses of a second are over at once, and a limit is reached after so many of them; nothing else passes.</summary>
internal sealed class PausingTime(TimeSpan limit, int pauses = int.MaxValue) : TimeProvider
{
    private readonly List<Action> _limits = [];
    private readonly TimeSpan _limit = limit;

    public int Pauses { get; private set; }

    public override long GetTimestamp() => 0;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Still(this, () => callback(state));
        timer.Change(dueTime, period);
        if (dueTime == TimeSpan.FromSeconds(1))
            ThreadPool.QueueUserWorkItem(_ => Pause(() => callback(state)));
        return timer;
    }

    /// <summary>Whoever waits until the limit has waited long enough.</summary>
    public void ReachLimit()
    {
        Action[] reached;
        lock (_limits)
            reached = [.. _limits];
        foreach (var one in reached)
            one();
    }

    private void Pause(Action over)
    {
        if (++Pauses < pauses)
            over();
        else
            ReachLimit();
    }

    private sealed class Still(PausingTime time, Action fire) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._limits)
            {
                time._limits.Remove(fire);
                if (dueTime == time._limit)
                    time._limits.Add(fire);
            }

            return true;
        }

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
