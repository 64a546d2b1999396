using System.Collections.Frozen;
using System.Threading.Channels;
using Hybrid.Engines.LlamaCpp.Prefixes;
using Hybrid.Engines.LlamaCpp.Speculation;
using Hybrid.Engines.Sampling;
using Hybrid.Engines.Text;
using Hybrid.Targets;

namespace Hybrid.Engines.LlamaCpp.Batching;

/// <summary>One request on its way: its tokens, its share of the KV cache, and the channel to its reader.</summary>
internal sealed class Sequence
{
    // Enough for a reader that is busy for a moment; a reader that stops pauses its own request and no other.
    private const int Undelivered = 256;
    private const int Growth = 1024;
    private const int LargestStep = DraftPlan.Most + 2; // what a step may deliver, with the token that comes anyway and the completion
    private readonly Channel<DecodeUpdate> _channel = Channel.CreateBounded<DecodeUpdate>(
        new BoundedChannelOptions(Undelivered + LargestStep) { SingleReader = true, SingleWriter = false });

    private int[] _tokens;
    private volatile bool _cancelled;
    private volatile bool _paused;
    private long _ticket;

    public Sequence(int[] prompt, int maxTokens, DecodeRequest request, int vocabularySize, bool drafts, long acceptedAt, ITokenConstraint? constraint = null)
    {
        (_tokens, Count, PromptLength, MaxTokens, AcceptedAt) = (prompt, prompt.Length, prompt.Length, maxTokens, acceptedAt);
        (Priority, Deadline) = (request.Priority, request.Deadline ?? DateTimeOffset.MaxValue);
        Sampler = new(request.Sampling, vocabularySize, constraint);
        Text = new(request.StopSequences);
        Scored = request.LogProbabilities;
        OnToken = request.OnToken;
        Ngrams = drafts ? new(Limit) : null;
        foreach (var token in prompt)
            Sampler.Remember(token);
    }

    /// <summary>Prompt and answer so far.</summary>
    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, Count);

    public int Count { get; private set; }

    public int PromptLength { get; }

    public int MaxTokens { get; }

    public int Produced => Count - PromptLength;

    /// <summary>Most cells of the KV cache that it can come to fill.</summary>
    public int Limit => PromptLength + MaxTokens;

    public RequestPriority Priority { get; }

    public DateTimeOffset Deadline { get; }

    public Sampler Sampler { get; }

    public TextAssembler Text { get; }

    /// <summary>How many alternatives the score of a token names; null where none is asked for.</summary>
    public int? Scored { get; }

    public Action<int>? OnToken { get; }

    /// <summary>Control tokens whose text is given.</summary>
    public IReadOnlySet<int> ShownControls { get; init; } = FrozenSet<int>.Empty;

    /// <summary>Null where drafts are off.</summary>
    public NgramIndex? Ngrams { get; }

    /// <summary>Its share of the KV cache; null while waiting.</summary>
    public PrefixLease? Lease { get; set; }

    public long AcceptedAt { get; }

    public long StartedAt { get; set; }

    public long FirstTokenAt { get; set; }

    public long LastTokenAt { get; set; }

    /// <summary>Orders requests by their arrival.</summary>
    public long Arrival { get; set; }

    /// <summary>Prompt tokens that were cached already.</summary>
    public int Reused { get; set; }

    public int Drafted { get; set; }

    public int Accepted { get; set; }

    /// <summary>Where its tokens begin in the step's batch.</summary>
    public int BatchStart { get; set; }

    /// <summary>Its tokens in the step's batch.</summary>
    public int BatchCount { get; set; }

    /// <summary>Room for tokens that a step verifies beside the one that is certain.</summary>
    public int[] Drafts { get; } = new int[DraftPlan.Most];

    /// <summary>Whether it has ended by itself or by a failure.</summary>
    public bool Done { get; set; }

    public HybridException? Failure { get; private set; }

    public bool Prefilling => Lease!.Filled < PromptLength;

    public bool Cancelled => _cancelled;

    /// <summary>Whether it waits to be taken out.</summary>
    public bool Ended => Done || _cancelled;

    /// <summary>The decode that may be stopped when nobody wants this request any more; 0 where none may.</summary>
    public long Ticket
    {
        get => Interlocked.Read(ref _ticket);
        set => Interlocked.Exchange(ref _ticket, value);
    }

    /// <summary>Whether the request was passed over because its reader had stopped reading.</summary>
    public bool WasPaused => _paused;

    public ChannelReader<DecodeUpdate> Reader => _channel.Reader;

    /// <summary>Whether enough waits for the reader. The mark comes before the look, so that no wake-up is lost.</summary>
    public bool Pause()
    {
        if (_channel.Reader.Count < Undelivered)
            return _paused = false;
        _paused = true;
        return _channel.Reader.Count >= Undelivered;
    }

    public void Append(int token)
    {
        if (Count == _tokens.Length)
            Array.Resize(ref _tokens, Math.Min(Math.Max(Count * 2, Count + Growth), Limit));
        _tokens[Count++] = token;
    }

    public void Cancel()
    {
        _cancelled = true;
        _channel.Writer.TryComplete();
    }

    public void Fail(HybridException failure) => (Failure, Done) = (failure, true);

    public void Deliver(in DecodeUpdate update) => _channel.Writer.TryWrite(update);

    public void End(HybridException? failure = null) => _channel.Writer.TryComplete(failure ?? Failure);
}
