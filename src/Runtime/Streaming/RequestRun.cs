using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Streaming;

/// <summary>What has happened to one request so far: what was said, what was delivered, what every attempt took.</summary>
internal sealed class RequestRun(DecodeRequest request, Decision decision, TimeProvider time, long askedAt) : IDisposable
{
    private readonly Borrowed<char> _said = Begin(request.Continuation);
    private readonly SaidTokens _ids = new(request);
    private readonly List<Receipt> _segments = [];
    private readonly List<Handover> _handovers = [];
    private readonly List<string> _passedOver = [];
    private readonly DateTimeOffset _startedAt = time.GetUtcNow() - time.GetElapsedTime(askedAt);
    private TimeSpan? _firstText;
    private long _lastTextAt;
    private int _deliveredLength;

    /// <summary>All text that will be delivered, that which waits for its time too.</summary>
    public ReadOnlySpan<char> Said => _said.Span;

    /// <summary>Tokens of it, what the caller gave along not counted.</summary>
    public int SaidTokens { get; private set; }

    public bool HasSaid => Called || _said.Length > request.Continuation.Length;

    public int DeliveredTokens { get; private set; }

    /// <summary>Whether a tool call was said; another target could only repeat it.</summary>
    public bool Called { get; private set; }

    /// <summary>Dollars of the attempts that have ended.</summary>
    public double Dollars { get; private set; }

    /// <summary>Grams of the attempts that have ended.</summary>
    public double Grams { get; private set; }

    /// <summary>The longest stated context that was found too short.</summary>
    public int? ContextTooShort { get; private set; }

    /// <summary>The first fault: the one that surfaces when nobody can go on.</summary>
    public HybridException? FirstFault { get; private set; }

    /// <summary>The target of the first fault.</summary>
    public string? FirstFaulty { get; private set; }

    public bool LimitReached => request.MaxTokens is { } most && SaidTokens >= most;

    public RequestReceipt? Receipt { get; private set; }

    /// <summary>The same question, from exactly what was said, for the tokens that remain.</summary>
    public DecodeRequest Remaining => HasSaid
        ? request with { Continuation = new(_said.Span), ContinuationTokens = _ids.Now, MaxTokens = request.MaxTokens - SaidTokens }
        : request;

    private static Borrowed<char> Begin(string continuation)
    {
        var said = new Borrowed<char>();
        continuation.CopyTo(said.Add(continuation.Length));
        return said;
    }

    public void Say(in DecodeUpdate update)
    {
        update.Text.CopyTo(_said.Add(update.Text.Length));
        _ids.Say(update);
        SaidTokens += update.TokenCount;
        Called |= update.ToolCall is not null;
    }

    public void Deliver(in StreamPiece piece, long now)
    {
        if (piece.Text.Length == 0 && piece.ToolCall is null) return;
        _firstText ??= time.GetElapsedTime(askedAt, now);
        if (piece.Handover is { } handover && _deliveredLength > 0) handover.Gap = time.GetElapsedTime(_lastTextAt, now);
        _lastTextAt = now;
        _deliveredLength += piece.Text.Length;
        DeliveredTokens += piece.TokenCount;
    }

    public void Fault(HybridException fault, TargetDescriptor target)
    {
        FirstFault ??= fault;
        FirstFaulty ??= target.Name;
        var known = target.ContextLength < int.MaxValue;
        if (fault.Error == HybridError.ContextExceeded && known) ContextTooShort = Math.Max(ContextTooShort ?? 0, target.ContextLength);
    }

    public void PassOver(string standby, string reason) => _passedOver.Add($"{standby}: {reason}");

    /// <summary>Another target goes on.</summary>
    public void Add(Handover handover)
    {
        _handovers.Add(handover);
        _ids.GoOnFromText();
    }

    public void Add(Receipt segment)
    {
        _segments.Add(segment);
        Dollars += segment.Dollars;
        Grams += segment.Grams;
    }

    /// <summary>Counts tokens of an attempt that has ended as never delivered.</summary>
    public void Waste(string target, int tokens)
    {
        for (var i = _segments.Count - 1; i >= 0 && tokens > 0; i--)
        {
            if (_segments[i].Target != target) continue;
            var wasted = Math.Min(tokens, _segments[i].OutputTokens - _segments[i].WastedTokens);
            _segments[i] = _segments[i] with { WastedTokens = _segments[i].WastedTokens + wasted };
            tokens -= wasted;
        }
    }

    public RequestReceipt Settle(RequestFinish finish, HybridError? error = null) => Receipt ??= new RequestReceipt
    {
        Id = request.Id,
        Decision = decision,
        Segments = _segments,
        Handovers = _handovers,
        PassedOver = _passedOver,
        Finish = finish,
        Error = error,
        StartedAt = _startedAt,
        TimeToFirstToken = _firstText,
        TotalTime = time.GetElapsedTime(askedAt),
    };

    /// <summary>A fault with what was kept and what became of the other targets.</summary>
    public HybridException Surface(HybridException fault)
    {
        var kept = HasSaid ? $"{SaidTokens} tokens were delivered and stay valid" : "Nothing was delivered";
        var others = _segments.Where(segment => segment.Error is not null && segment.ErrorMessage != fault.Message)
            .Select(segment => $"{segment.Target} failed too ({segment.Error}: {segment.ErrorMessage})")
            .Concat(_passedOver.Select(passed => $"not asked: {passed}"));
        var message = $"{fault.Message} {kept}. {string.Join("; ", others.DefaultIfEmpty("No other target was asked"))}.";
        return new HybridException(fault.Error, message, fault);
    }

    public void Dispose()
    {
        _said.Dispose();
        _ids.Dispose();
    }
}
