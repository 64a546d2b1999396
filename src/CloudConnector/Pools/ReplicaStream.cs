using System.Runtime.ExceptionServices;
using Hybrid.CloudConnector.Pools.Health;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Pools;

/// <summary>One attempt on one replica: what it tells of the replica's health is told once, and its place is given back.</summary>
internal sealed class ReplicaStream : IAsyncDisposable
{
    private readonly PoolCall _call;
    private readonly CancellationTokenSource _ending;
    private readonly IAsyncEnumerator<DecodeUpdate> _updates;
    private readonly TimeSpan _start;
    private TimeSpan _beganAt;
    private int _tokens;
    private bool _began;
    private bool _completed;
    private bool _tooLong;
    private int _settled;

    /// <param name="call">The request; it has taken a place on the replica.</param>
    /// <param name="replica">Who is asked.</param>
    public ReplicaStream(PoolCall call, Replica replica)
    {
        (_call, Replica) = (call, replica);
        _start = call.Pool.Clock.Now;
        _ending = CancellationTokenSource.CreateLinkedTokenSource(call.Token);
        _updates = replica.Target.GenerateAsync(call.Request, _ending.Token).GetAsyncEnumerator(_ending.Token);
    }

    public Replica Replica { get; }

    public DecodeUpdate Current => _updates.Current;

    /// <summary>Waits for the first update, or fails and gives its place back.</summary>
    public async Task FirstAsync()
    {
        try
        {
            using var late = _call.Pool.Options.Retries.TryTimeout is { } limit ? _call.Pool.Clock.Time.CreateTimer(_ => TooLong(), null, limit, Timeout.InfiniteTimeSpan) : null;
            var more = await _updates.MoveNextAsync().ConfigureAwait(false);
            Heard(more);
        }
        catch (Exception error)
        {
            var fault = Fault(error);
            await DisposeAsync().ConfigureAwait(false);
            ExceptionDispatchInfo.Throw(fault);
        }
    }

    public ValueTask<bool> MoveNextAsync() => _updates.MoveNextAsync();

    /// <summary>Takes in what a move gave.</summary>
    /// <returns>Whether there is an update.</returns>
    /// <exception cref="HybridException">The stream ended without completing the answer.</exception>
    public bool Heard(bool more)
    {
        if (!more)
        {
            if (_completed) return false;
            throw new HybridException(HybridError.TargetUnavailable, $"Replica '{Replica.Name}' of pool '{_call.Pool.Name}' ended its stream without completing the answer. What was delivered stands.");
        }

        _completed |= _updates.Current.Completion is not null;
        _tokens += _updates.Current.TokenCount;
        if (_began) return true;
        _began = true;
        _beganAt = _call.Pool.Clock.Now;
        var after = _beganAt - _start;
        _call.Pool.Replicas.Began(Replica, after);
        _call.Pool.Hedges.Heard(after);
        return true;
    }

    /// <summary>What a fault means, in the SDK's words; whose it is has been told when this returns.</summary>
    public Exception Fault(Exception error)
    {
        if (error is OperationCanceledException)
        {
            if (_call.Caller.IsCancellationRequested) return error;
            if (_tooLong) error = new HybridException(HybridError.TargetUnavailable, $"Replica '{Replica.Name}' of pool '{_call.Pool.Name}' gave nothing for {_call.Pool.Options.Retries.TryTimeout!.Value.TotalSeconds:0.###} s.", error);
            else if (_call.DeadlinePassed) error = new HybridException(HybridError.DeadlineExceeded, $"The deadline passed while replica '{Replica.Name}' of pool '{_call.Pool.Name}' answered. What was delivered stands.", error);
            else return error; // a hedge that lost
        }

        if (error is not HybridException fault) error = fault = new HybridException(HybridError.Internal, $"Replica '{Replica.Name}' of pool '{_call.Pool.Name}' failed: {error.Message}", error);
        if (fault.RetryAfter is { } rest) _call.Pool.Replicas.Rest(Replica, rest);
        if (FailureRule.IsReplicas(fault.Error, _began ? null : _call.Pool.Clock.Now - _start)) Settle(fault.Error, FailureRule.IsGone(fault));
        return error;
    }

    /// <summary>Ends it and lets nobody wait for that: its first update is not needed any more.</summary>
    /// <param name="first">The wait for the first update.</param>
    public void Abandon(Task first)
    {
        Cancel();
        _ = CloseAsync();

        async Task CloseAsync()
        {
            await first.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await DisposeAsync().ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_completed) Settle(null);
        else if (_call.Trace is { FellSilent: true }) Settle(HybridError.TargetUnavailable);
        if (Interlocked.Exchange(ref _settled, 2) == 2) return;
        if (!_completed) Cancel();
        try
        {
            await _updates.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is HybridException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            // How it ended is known; what its stream says at closing changes nothing.
        }
        finally
        {
            _ending.Dispose();
            _call.Pool.Admission.Release(Replica);
        }
    }

    private void Settle(HybridError? fault, bool gone = false)
    {
        if (Interlocked.CompareExchange(ref _settled, 1, 0) == 0) _call.Pool.Replicas.Ended(Replica, fault, gone, fault is null && _tokens > 1 ? (_call.Pool.Clock.Now - _beganAt).TotalSeconds / (_tokens - 1) : null);
    }

    private void TooLong()
    {
        if (_began) return;
        _tooLong = true;
        Cancel();
    }

    private void Cancel()
    {
        try
        {
            _ending.Cancel();
        }
        catch (Exception error) when (error is AggregateException or ObjectDisposedException)
        {
            // The replica's own callback failed, or it was closed in the same moment.
        }
    }
}
