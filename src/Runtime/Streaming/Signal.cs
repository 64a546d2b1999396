using System.Threading.Tasks.Sources;

namespace Hybrid.Streaming;

/// <summary>Wakes one reader; set from any thread, and what is set before the wait is not lost. Allocates nothing after it was made.</summary>
/// <remarks>The reader goes on inside <see cref="Set"/>, as after any await that was completed by another thread.</remarks>
internal sealed class Signal : IValueTaskSource
{
    private const int Idle = 0;
    private const int IsSet = 1;
    private const int Waiting = 2;
    private ManualResetValueTaskSourceCore<bool> _core;
    private int _state;

    /// <summary>Ends the reader's wait, or the next one if nobody waits.</summary>
    public void Set()
    {
        while (true)
        {
            switch (Volatile.Read(ref _state))
            {
                // A full fence here, too: what is told of must be seen by a reader who clears the mark behind this.
                case IsSet when Interlocked.CompareExchange(ref _state, IsSet, IsSet) == IsSet:
                    return;
                case Idle when Interlocked.CompareExchange(ref _state, IsSet, Idle) == Idle:
                    return;
                case Waiting when Interlocked.CompareExchange(ref _state, Idle, Waiting) == Waiting:
                    _core.SetResult(true);
                    return;
            }
        }
    }

    /// <summary>Waits until it is set; for one reader at a time.</summary>
    public ValueTask WaitAsync()
    {
        if (Interlocked.CompareExchange(ref _state, Idle, IsSet) == IsSet) return ValueTask.CompletedTask;
        _core.Reset();
        if (Interlocked.CompareExchange(ref _state, Waiting, Idle) == Idle) return new(this, _core.Version);
        Interlocked.Exchange(ref _state, Idle); // it was set in between; a full fence, for the reader must look behind it: a set that still finds it set does not come again
        return ValueTask.CompletedTask;
    }

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
