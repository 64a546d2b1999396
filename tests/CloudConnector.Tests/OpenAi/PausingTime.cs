namespace Hybrid.CloudConnector.Tests.OpenAi;

/// <summary>A clock on which pauses of a second are over at once, and a limit is reached after so many of them; nothing else passes.</summary>
internal sealed class PausingTime(TimeSpan limit, int pauses = int.MaxValue) : TimeProvider
{
    private readonly List<Action> _limits = [];

    public int Pauses { get; private set; }

    public override long GetTimestamp() => 0;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime == limit)
            _limits.Add(() => callback(state));
        if (dueTime == TimeSpan.FromSeconds(1))
            ThreadPool.QueueUserWorkItem(_ => Pause(() => callback(state)));
        return new Still();
    }

    private void Pause(Action over)
    {
        if (++Pauses < pauses)
            over();
        else
            _limits.ForEach(reached => reached());
    }

    private sealed class Still : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
