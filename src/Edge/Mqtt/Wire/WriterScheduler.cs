using System.IO.Pipelines;

namespace Hybrid.Edge.Mqtt.Wire;

/// <summary>Where a link's writing goes on: with whoever has something to write, or on a thread of the pool.</summary>
/// <remarks>
/// An answer or a message that is waited for goes at once, since to wake a thread takes longer than to write. Messages that nobody waits
/// for come in crowds, and those that come while the thread wakes share its write.
/// </remarks>
internal sealed class WriterScheduler : PipeScheduler
{
    /// <summary>Which of the two; guarded by the lock under which the pipe is flushed.</summary>
    public bool Now { get; set; }

    public override void Schedule(Action<object?> action, object? state)
    {
        if (Now) action(state);
        else ThreadPool.Schedule(action, state);
    }
}
