using Hybrid.Edge.Mqtt;

namespace Hybrid.Edge.Outbox;

/// <summary>Lets a receiver pass over records that it had already, by the ids that an outbox sends with them. Thread-safe.</summary>
/// <remarks>
/// It remembers the last ids of each of the senders heard last, so that its memory is bounded; what it does not remember is taken as
/// new, for a repeat harms less than a loss. An outbox repeats what was under way or not yet marked when it crashed: fewer than 2,048.
/// </remarks>
public sealed class RepeatFilter
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Window> _windows = new(StringComparer.Ordinal);
    private readonly LinkedList<Window> _byUse = [];
    private readonly int _perSource;
    private readonly int _sources;

    /// <summary>Creates one that has seen nothing.</summary>
    /// <param name="perSource">Ids that are remembered of each sender, 1 or more.</param>
    /// <param name="sources">Senders that are remembered, 1 or more.</param>
    public RepeatFilter(int perSource = 4096, int sources = 4096)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(perSource, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(sources, 1);
        (_perSource, _sources) = (perSource, sources);
    }

    /// <summary>Whether a message has not been seen before; one without an id is always new.</summary>
    public bool IsNew(MqttMessage message) => RecordId.Of(message) is not { } id || IsNew(id);

    /// <summary>Whether an id has not been seen before.</summary>
    public bool IsNew(RecordId id)
    {
        lock (_lock)
        {
            if (!_windows.TryGetValue(id.Source, out var window))
            {
                if (_windows.Count == _sources) Forget(_byUse.Last!.Value);
                _windows[id.Source] = window = new(id.Source);
            }
            else
            {
                _byUse.Remove(window.Use);
            }

            _byUse.AddFirst(window.Use);
            if (!window.Seen.Add(id.Number)) return false;
            window.Order.Enqueue(id.Number);
            if (window.Order.Count > _perSource) window.Seen.Remove(window.Order.Dequeue());
            return true;
        }
    }

    /// <summary>Whether an id has been seen, as far as it is remembered.</summary>
    public bool Knows(RecordId id)
    {
        lock (_lock) return _windows.TryGetValue(id.Source, out var window) && window.Seen.Contains(id.Number);
    }

    /// <summary>Takes an id for new again: what was done for it did not work out.</summary>
    public void Forget(RecordId id)
    {
        lock (_lock)
        {
            if (_windows.TryGetValue(id.Source, out var window)) window.Seen.Remove(id.Number);
        }
    }

    private void Forget(Window window)
    {
        _byUse.Remove(window.Use);
        _windows.Remove(window.Source);
    }

    private sealed class Window
    {
        public Window(string source) => (Source, Use) = (source, new(this));

        public string Source { get; }

        public LinkedListNode<Window> Use { get; }

        public HashSet<long> Seen { get; } = [];

        public Queue<long> Order { get; } = new();
    }
}
