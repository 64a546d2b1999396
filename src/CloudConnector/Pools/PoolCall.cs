using Hybrid.CloudConnector.Pools.Balancing;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Pools;

/// <summary>One request to a pool: whose it is, when it must be done, and where it may go.</summary>
internal sealed class PoolCall : IDisposable
{
    private readonly CancellationTokenSource? _deadline;
    private readonly CancellationTokenSource? _either;
    private readonly TimeSpan? _due;

    public PoolCall(PoolParts pool, DecodeRequest request, TimeSpan? left, CancellationToken caller)
    {
        (Pool, Request, Caller) = (pool, request, caller);
        Ask = new(PromptKey.Of(request.Prompt), request.Replicas);
        Token = caller;
        if (left is not { } time) return;
        _due = pool.Clock.Now + time;
        _deadline = new(time < TimeSpan.FromDays(30) ? time : TimeSpan.FromDays(30), pool.Clock.Time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(caller, _deadline.Token);
        Token = _either.Token;
    }

    public PoolParts Pool { get; }

    public DecodeRequest Request { get; }

    public Ask Ask { get; }

    public ReplicaTrace? Trace => Request.Replicas;

    public CancellationToken Caller { get; }

    /// <summary>Fires when the caller cancels or the deadline passes.</summary>
    public CancellationToken Token { get; }

    public bool DeadlinePassed => _deadline?.IsCancellationRequested == true;

    /// <summary>Whether there is time for a wait and something behind it.</summary>
    public bool HasTimeFor(TimeSpan wait) => _due is not { } due || Pool.Clock.Now + wait < due;

    public void Dispose()
    {
        _either?.Dispose();
        _deadline?.Dispose();
    }
}

/// <summary>What the parts of a pool share.</summary>
internal sealed record PoolParts(
    string Name, Configuration.PoolOptions Options, PoolClock Clock, ReplicaSet Replicas, Admission Admission, Retries.RetryBudget Budget, Retries.HedgeRule Hedges, Health.Prober Prober, Func<double> Draw);
