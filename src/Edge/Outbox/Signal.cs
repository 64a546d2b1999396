namespace Hybrid.Edge.Outbox;

/// <summary>Wakes one waiter; set while nobody waits, the next wait ends at once.</summary>
internal sealed class Signal
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Set()
    {
        lock (_lock) _source.TrySetResult();
    }

    /// <summary>Waits until it is set, or for a time.</summary>
    public async Task WaitAsync(TimeSpan most, TimeProvider time, CancellationToken cancellationToken)
    {
        Task set;
        lock (_lock) set = _source.Task;
        using (var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            await Task.WhenAny(set, Task.Delay(most, time, over.Token));
            await over.CancelAsync();
        }

        lock (_lock)
        {
            if (_source.Task.IsCompleted) _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
