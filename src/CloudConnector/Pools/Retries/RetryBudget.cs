using Hybrid.Configuration;

namespace Hybrid.CloudConnector.Pools.Retries;

/// <summary>How many retries and hedges a pool's load allows: a share of the requests of the last 10 s, and a few in any case. Thread-safe.</summary>
internal sealed class RetryBudget(RetryOptions options)
{
    public const int WindowSeconds = 10;

    private readonly Lock _lock = new();
    private readonly SlidingSum _requests = new(WindowSeconds);
    private readonly SlidingSum _taken = new(WindowSeconds);

    public void Request(TimeSpan now)
    {
        lock (_lock) _requests.Add(now, 1);
    }

    /// <summary>Takes one where there is one left.</summary>
    public bool TryTake(TimeSpan now)
    {
        lock (_lock)
        {
            if (_taken.At(now) + 1 > Math.Max(options.BudgetFloor, options.BudgetShare * _requests.At(now))) return false;
            _taken.Add(now, 1);
            return true;
        }
    }
}
