namespace Hybrid.Models.Prefetch;

/// <summary>The requests that people wait for now, by model.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class Foreground(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _running = new(StringComparer.OrdinalIgnoreCase);
    private long? _endedAt;

    /// <summary>The models that are used now.</summary>
    public IReadOnlyList<string> Running
    {
        get
        {
            lock (_lock) return [.. _running.Keys];
        }
    }

    /// <summary>Whether anything runs, or ended less than a moment ago.</summary>
    public bool IsBusy
    {
        get
        {
            lock (_lock) return _running.Count > 0 || (_endedAt is { } at && time.GetElapsedTime(at) < Prefetcher.Quiet);
        }
    }

    /// <summary>A request begins; it ends when the result is disposed.</summary>
    /// <param name="model">The model that is used.</param>
    /// <param name="ended">Called when it ends.</param>
    public IDisposable Begin(string model, Action ended)
    {
        lock (_lock) _running[model] = _running.GetValueOrDefault(model) + 1;

        return new One(this, model, ended);
    }

    private void End(string model)
    {
        lock (_lock)
        {
            _endedAt = time.GetTimestamp();
            if (--_running[model] == 0) _running.Remove(model);
        }
    }

    private sealed class One(Foreground all, string model, Action ended) : IDisposable
    {
        private int _ended;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _ended, 1) != 0) return;
            all.End(model);
            ended();
        }
    }
}
