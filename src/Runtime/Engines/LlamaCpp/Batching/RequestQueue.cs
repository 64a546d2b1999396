using Hybrid.Targets;

namespace Hybrid.Engines.LlamaCpp.Batching;

/// <summary>Requests that wait for their share of the KV cache: by priority, then by deadline, then by arrival. Thread-safe.</summary>
internal sealed class RequestQueue(int capacity, TimeProvider time)
{
    // What waits so long counts one priority higher, so that nothing starves.
    private static readonly TimeSpan Promotion = TimeSpan.FromSeconds(10);
    private readonly Lock _gate = new();
    private readonly List<Sequence> _waiting = [];
    private Comparison<Sequence>? _compare; // made once: the queue is sorted between steps
    private bool _closed;
    private long _arrivals;
    private long _now;

    public int Count
    {
        get
        {
            lock (_gate)
                return _waiting.Count;
        }
    }

    /// <summary>Adds a request, or refuses it where as many wait as may.</summary>
    /// <param name="sequence">The request.</param>
    /// <param name="freeSlots">Slots that are free now, whose requests do not count as waiting.</param>
    public void Add(Sequence sequence, int freeSlots)
    {
        lock (_gate)
        {
            if (_closed)
                throw LlamaEngine.Disposed();
            if (_waiting.Count >= freeSlots + capacity)
                throw new HybridException(HybridError.Busy, $"{_waiting.Count} requests wait for the engine, which is its limit. Nothing was decoded; try again, or raise QueueCapacity.");
            sequence.Arrival = ++_arrivals;
            _waiting.Add(sequence);
        }
    }

    /// <summary>Takes a request out; false where it does not wait.</summary>
    public bool Remove(Sequence sequence)
    {
        lock (_gate)
            return _waiting.Remove(sequence);
    }

    /// <summary>Takes those out, in order, that can be admitted.</summary>
    /// <param name="admit">Null where a request must wait and those behind it too; false where it alone must wait.</param>
    public void Take(Func<Sequence, bool?> admit)
    {
        lock (_gate)
        {
            if (_waiting.Count == 0)
                return;
            _now = time.GetTimestamp();
            _waiting.Sort(_compare ??= Compare);
            for (var i = 0; i < _waiting.Count;)
            {
                switch (admit(_waiting[i]))
                {
                    case true:
                        _waiting.RemoveAt(i);
                        break;
                    case false:
                        i++;
                        break;
                    case null:
                        return;
                }
            }
        }
    }

    /// <summary>Takes all of them out and lets no more in.</summary>
    public IReadOnlyList<Sequence> Close()
    {
        lock (_gate)
        {
            _closed = true;
            var rest = _waiting.ToArray();
            _waiting.Clear();
            return rest;
        }
    }

    private int Compare(Sequence one, Sequence other)
    {
        var order = Rank(other).CompareTo(Rank(one));
        if (order == 0)
            order = one.Deadline.CompareTo(other.Deadline);
        return order != 0 ? order : one.Arrival.CompareTo(other.Arrival);
    }

    private int Rank(Sequence sequence) =>
        Math.Min((int)RequestPriority.Interactive, (int)sequence.Priority + (int)(time.GetElapsedTime(sequence.AcceptedAt, _now) / Promotion));
}
