namespace Hybrid.Models.Prefetch;

/// <summary>What prefetching took, what is left of its budgets, and what of it was of use.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class PrefetchBooks(PrefetchOptions options, TimeZoneInfo zone)
{
    /// <summary>What was fetched ahead and not used for so long was fetched in vain.</summary>
    public static readonly TimeSpan UsefulFor = TimeSpan.FromDays(7);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, KeptFetch> _unused = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, (PrefetchLevel Level, long Bytes)> _near = new(StringComparer.OrdinalIgnoreCase);
    private volatile bool _changed;
    private DateOnly _day;
    private long _today;

    /// <summary>Whether something is to be kept that was not yet.</summary>
    public bool Changed => _changed;

    /// <summary>Why so many bytes may not be fetched; null where they may.</summary>
    public string? Refusal(long bytes, DateTimeOffset now)
    {
        lock (_lock)
        {
            Roll(now);
            if (options.BytesPerDay < bytes) return "it is larger than the budget of a day";
            if (options.BytesPerDay - _today < bytes) return "the budget of the day is spent";
            return options.Disk - _unused.Values.Sum(one => one.Bytes) < bytes ? "what was fetched ahead and not used fills the disk budget" : null;
        }
    }

    /// <summary>Bytes came over the line.</summary>
    /// <returns>Whether more may come.</returns>
    public bool Came(string model, long bytes, DateTimeOffset now)
    {
        PrefetchMeter.Came(model, bytes);
        lock (_lock)
        {
            Roll(now);
            _today += bytes;
            _changed = true;
            _unused[model] = new((_unused.GetValueOrDefault(model)?.Bytes ?? 0) + bytes, now);
            return !(_today > options.BytesPerDay) && !(_unused.Values.Sum(one => one.Bytes) > options.Disk);
        }
    }

    /// <summary>A model was primed or loaded ahead.</summary>
    public void Brought(string model, PrefetchLevel level, long bytes)
    {
        lock (_lock) _near[model] = (level, bytes);
    }

    /// <summary>A use began after a pause.</summary>
    /// <returns>How near it had been brought; <see cref="PrefetchLevel.None"/>: not at all.</returns>
    public PrefetchLevel Used(string model)
    {
        lock (_lock)
        {
            var fetched = _unused.Remove(model);
            return _near.Remove(model, out var near) ? near.Level : fetched ? PrefetchLevel.Fetched : PrefetchLevel.None;
        }
    }

    /// <summary>Counts what was in vain: what nobody wishes near any more, and files that nobody used for long.</summary>
    /// <param name="wished">How near each model is wished now.</param>
    /// <param name="isHere">Whether a model's files are on the disk.</param>
    /// <param name="now">The time.</param>
    public void Settle(Func<string, PrefetchLevel> wished, Func<string, bool> isHere, DateTimeOffset now)
    {
        lock (_lock)
        {
            foreach (var (model, near) in _near.Where(one => wished(one.Key) < PrefetchLevel.Primed).ToArray())
            {
                _near.Remove(model);
                PrefetchMeter.Lost(model, near.Level, near.Bytes);
            }

            foreach (var (model, fetched) in _unused.ToArray())
            {
                var here = isHere(model);
                if (!fetched.Wasted && now - fetched.At >= UsefulFor)
                {
                    PrefetchMeter.Lost(model, PrefetchLevel.Fetched, fetched.Bytes);
                    _unused[model] = fetched with { Wasted = true };
                }
                else if (!here && fetched.Wasted)
                {
                    _unused.Remove(model);
                }
            }
        }
    }

    public KeptState Keep(KeptState state)
    {
        lock (_lock)
        {
            _changed = false;
            return state with { Day = _day, FetchedToday = _today, Unused = new Dictionary<string, KeptFetch>(_unused, StringComparer.OrdinalIgnoreCase) };
        }
    }

    public void Restore(KeptState state)
    {
        lock (_lock)
        {
            (_day, _today) = (state.Day, state.FetchedToday);
            foreach (var (model, fetched) in state.Unused) _unused[model] = fetched;
        }
    }

    /// <summary>A new day has its own budget; a clock that is set back gives none twice.</summary>
    private void Roll(DateTimeOffset now)
    {
        var day = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, zone).DateTime);
        if (day > _day) (_day, _today) = (day, 0);
    }
}
