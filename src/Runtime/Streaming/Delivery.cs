namespace Hybrid.Streaming;

/// <summary>What was decoded and not delivered yet, and when it may leave.</summary>
/// <remarks>
/// Three paces: as fast as it comes; at a stated rate, where everything ahead of the reader is slack; and, while a handover is near, a
/// little slower than it comes, until so many tokens are kept back that they last until the next target speaks.
/// </remarks>
internal sealed class Delivery(TimeProvider time, double? tokensPerSecond)
{
    /// <summary>Of the speed at which text comes; the rest of it becomes slack.</summary>
    private const double SlackPace = 0.8;

    private readonly Queue<StreamPiece> _pieces = new();
    private readonly long _spacing = tokensPerSecond is { } rate ? Ticks(time, 1 / rate) : 0;
    private long _due;
    private bool _begun;

    /// <summary>Tokens kept back now.</summary>
    public int Tokens { get; private set; }

    public bool IsEmpty => _pieces.Count == 0;

    /// <summary>Tokens to keep back for a handover.</summary>
    public int Slack { get; set; }

    /// <summary>How long a token takes to come, in seconds; counts while slack is kept.</summary>
    public double SecondsPerToken { get; set; }

    /// <summary>Whether everything may leave at once: the answer has ended badly.</summary>
    public bool Flushing { get; set; }

    /// <summary>Whether the pace is stated.</summary>
    public bool Paced => _spacing > 0;

    public void Add(in StreamPiece piece)
    {
        _pieces.Enqueue(piece);
        Tokens += piece.TokenCount;
    }

    /// <summary>Whether the next piece may leave now.</summary>
    public bool MayTake(long now) => _pieces.TryPeek(out var piece) && (now >= _due || MayLeave(piece));

    /// <summary>The next piece, if it may leave now.</summary>
    public bool TryTake(long now, out StreamPiece piece)
    {
        piece = default;
        if (!MayTake(now)) return false;
        piece = _pieces.Dequeue();
        Tokens -= piece.TokenCount;
        var spacing = Spacing;
        // A late reader may catch up by one piece, and what left early does not make the next wait.
        if (spacing > 0) _due = (_begun ? Math.Clamp(_due, now - spacing, now) : now) + (spacing * piece.TokenCount);
        _begun = true;
        return true;
    }

    /// <summary>When the next piece may leave; null where it is not time that it waits for.</summary>
    public long? Due => IsEmpty ? null : _due;

    /// <summary>What will never leave.</summary>
    public IEnumerable<StreamPiece> Rest => _pieces;

    public static long Ticks(TimeProvider time, double seconds) => (long)Math.Min(seconds * time.TimestampFrequency, long.MaxValue / 4);

    private long Spacing => Flushing ? 0 : _spacing > 0 ? _spacing : Slack > 0 ? Ticks(time, SecondsPerToken / SlackPace) : 0;

    private bool MayLeave(in StreamPiece piece) => Spacing == 0 || piece.TokenCount == 0 || (!Paced && Tokens > Slack);
}
