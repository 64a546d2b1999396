using Hybrid.Configuration;

namespace Hybrid.CloudConnector.Pools.Retries;

/// <summary>When a second replica is asked the same, and what that may waste. Thread-safe.</summary>
internal sealed class HedgeRule(RetryOptions options)
{
    /// <summary>Fewer first tokens tell nothing of the slowest.</summary>
    public const int LeastSamples = 20;

    private const int MostSamples = 200;
    private readonly Lock _lock = new();
    private readonly List<double> _seconds = [];
    private readonly SlidingSum _wasted = new(60);
    private int _next;
    private int _fresh;
    private double? _at;

    /// <summary>How long a first token is waited for before another replica is asked; null: nobody is.</summary>
    public TimeSpan? Delay
    {
        get
        {
            if (options.HedgeQuantile is null) return null;
            lock (_lock) return _at is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        }
    }

    /// <summary>A first token came.</summary>
    public void Heard(TimeSpan after)
    {
        if (options.HedgeQuantile is not { } quantile) return;
        lock (_lock)
        {
            if (_seconds.Count < MostSamples) _seconds.Add(after.TotalSeconds);
            else _seconds[_next++ % MostSamples] = after.TotalSeconds;
            if (_seconds.Count < LeastSamples || (_at is not null && ++_fresh < LeastSamples)) return;
            _fresh = 0;
            double[] sorted = [.. _seconds.Order()];
            _at = sorted[Math.Min((int)(quantile * sorted.Length), sorted.Length - 1)];
        }
    }

    /// <summary>Sets aside what a hedge can waste: the prompt, and the little that the loser may have said.</summary>
    public bool TryReserve(TimeSpan now, int tokens)
    {
        lock (_lock)
        {
            if (_wasted.At(now) + tokens > options.HedgedTokensPerMinute) return false;
            _wasted.Add(now, tokens);
            return true;
        }
    }
}
