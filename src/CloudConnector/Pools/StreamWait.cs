namespace Hybrid.CloudConnector.Pools;

/// <summary>A token that fires when the caller cancels, the target is disposed, the deadline passes, or nothing comes for too long.</summary>
internal sealed class StreamWait : IDisposable
{
    private readonly CancellationTokenSource? _deadline;
    private readonly CancellationTokenSource _all;
    private readonly ITimer _timer;

    public StreamWait(TimeSpan? left, TimeProvider time, CancellationToken caller, CancellationToken disposed)
    {
        _deadline = left is { } limit ? new(limit < TimeSpan.FromDays(30) ? limit : TimeSpan.FromDays(30), time) : null;
        _all = CancellationTokenSource.CreateLinkedTokenSource(caller, disposed, _deadline?.Token ?? default);
        _timer = time.CreateTimer(_ => Expire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public CancellationToken Token => _all.Token;

    public TimeSpan Allowed { get; private set; }

    public bool DeadlinePassed => _deadline?.IsCancellationRequested == true;

    /// <summary>Starts the count anew.</summary>
    public void Allow(TimeSpan silence)
    {
        Allowed = silence;
        _timer.Change(silence, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What did not come: a connection, or a message in the time that it had.</summary>
    public string Missed(Exception exception) => exception.InnerException is TimeoutException noConnection ? noConnection.Message.TrimEnd('.') : $"nothing came for {Allowed.TotalSeconds:0.###} s";

    private void Expire()
    {
        try
        {
            _all.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The call ended in the same moment.
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        _all.Dispose();
        _deadline?.Dispose();
    }
}
