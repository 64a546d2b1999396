namespace Hybrid.Tests.Streaming.Simulated;

/// <summary>A clock whose time passes only when nothing else is left to do; everything happens on the thread that runs it, in order of time.</summary>
internal sealed class VirtualTime : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly PriorityQueue<Entry, (long At, long Order)> _due = new();
    private long _now;
    private long _order;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>More events than that are a loop.</summary>
    public long MostEvents { get; init; } = 100_000;

    /// <summary>How far the wall clock is off; it may jump, the timestamps do not.</summary>
    public TimeSpan WallOffset { get; set; }

    public TimeSpan Elapsed => TimeSpan.FromTicks(_now);

    public override long GetTimestamp() => _now;

    public override DateTimeOffset GetUtcNow() => Start + TimeSpan.FromTicks(_now) + WallOffset;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    public void After(double seconds, Action action) => Schedule((long)(seconds * TimeSpan.TicksPerSecond), action);

    /// <summary>Lets time pass while nothing happens, as for a reader that does something else.</summary>
    public void Pass(TimeSpan time) => _now += time.Ticks;

    /// <summary>Lets time pass until nothing is due or the end is reached.</summary>
    public void RunUntil(TimeSpan end, Func<bool> done)
    {
        for (var events = 0L; !done() && _due.TryPeek(out var next, out var place) && place.At <= end.Ticks; events++)
        {
            if (events > MostEvents) throw new InvalidOperationException($"After {events} events, at {Elapsed}, there is no end in sight.");
            _due.Dequeue();
            _now = Math.Max(_now, place.At);
            next.Fire();
        }
    }

    private void Schedule(long ticks, Action action) => _due.Enqueue(new(action, null, 0), (_now + Math.Max(ticks, 0), _order++));

    private readonly record struct Entry(Action? Action, Timer? Timer, int Round)
    {
        public void Fire()
        {
            Action?.Invoke();
            Timer?.Fire(Round);
        }
    }

    private sealed class Timer(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        private int _round;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _round++;
            if (dueTime != Timeout.InfiniteTimeSpan) time._due.Enqueue(new(null, this, _round), (time._now + Math.Max(dueTime.Ticks, 0), time._order++));
            return true;
        }

        public void Fire(int round)
        {
            if (round == _round) callback(state);
        }

        public void Dispose() => _round++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
