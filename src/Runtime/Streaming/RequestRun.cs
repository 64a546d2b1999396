using System.Text;
using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Streaming;

/// <summary>What has happened to one request so far; used by one reader at a time.</summary>
internal sealed class RequestRun(DecodeRequest request, Decision decision, TimeProvider time)
{
    private readonly StringBuilder _delivered = new(request.Continuation);
    private readonly List<Receipt> _segments = [];
    private readonly List<string> _passedOver = [];
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private readonly long _start = time.GetTimestamp();
    private TimeSpan? _firstText;

    public string Continuation => _delivered.ToString();

    public int DeliveredTokens { get; private set; }

    public bool Delivered => Called || _delivered.Length > request.Continuation.Length;

    /// <summary>Whether a tool call was delivered; another target could only repeat it.</summary>
    public bool Called { get; private set; }

    public double Dollars { get; private set; }

    public double Grams { get; private set; }

    /// <summary>The longest stated context that was found too short.</summary>
    public int? ContextTooShort { get; private set; }

    /// <summary>The first fault: the one that surfaces when nobody can go on.</summary>
    public HybridException? FirstFault { get; private set; }

    public bool LimitReached => request.MaxTokens is { } most && DeliveredTokens >= most;

    public RequestReceipt? Receipt { get; private set; }

    /// <summary>The same question, from exactly the delivered text, for the tokens that remain.</summary>
    public DecodeRequest Remaining => Delivered
        ? request with { Continuation = Continuation, MaxTokens = request.MaxTokens - DeliveredTokens }
        : request;

    public void Deliver(in DecodeUpdate update)
    {
        _firstText ??= time.GetElapsedTime(_start);
        _delivered.Append(update.Text);
        DeliveredTokens += update.TokenCount;
        Called |= update.ToolCall is not null;
    }

    public void Fault(HybridException fault, TargetDescriptor target)
    {
        FirstFault ??= fault;
        var known = target.ContextLength < int.MaxValue;
        if (fault.Error == HybridError.ContextExceeded && known) ContextTooShort = Math.Max(ContextTooShort ?? 0, target.ContextLength);
    }

    public void PassOver(string standby, string reason) => _passedOver.Add($"{standby}: {reason}");

    public void Add(Receipt segment)
    {
        _segments.Add(segment);
        Dollars += segment.Dollars;
        Grams += segment.Grams;
    }

    public RequestReceipt Settle(RequestFinish finish, HybridError? error = null) => Receipt ??= new RequestReceipt
    {
        Id = request.Id,
        Decision = decision,
        Segments = _segments,
        PassedOver = _passedOver,
        Finish = finish,
        Error = error,
        StartedAt = _startedAt,
        TimeToFirstToken = _firstText,
        TotalTime = time.GetElapsedTime(_start),
    };

    /// <summary>A fault with what was kept and what became of the other targets.</summary>
    public HybridException Surface(HybridException fault)
    {
        var kept = Delivered ? $"{DeliveredTokens} tokens were delivered and stay valid" : "Nothing was delivered";
        var others = _segments.Where(segment => segment.ErrorMessage != fault.Message)
            .Select(segment => $"{segment.Target} failed too ({segment.Error}: {segment.ErrorMessage})")
            .Concat(_passedOver.Select(passed => $"not asked: {passed}"));
        var message = $"{fault.Message} {kept}. {string.Join("; ", others.DefaultIfEmpty("No other target was asked"))}.";
        return new HybridException(fault.Error, message, fault);
    }
}
