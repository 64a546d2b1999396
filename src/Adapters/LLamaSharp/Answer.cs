using System.Threading.Channels;
using Hybrid.Engines.Sampling;
using Hybrid.Engines.Text;
using Hybrid.Targets;
using LLama.Batched;
using LLama.Native;

namespace Hybrid.Adapters.LLamaSharp;

/// <summary>One request on its way through the loop, whose alone everything is but <see cref="Cancel"/> and the reading.</summary>
internal sealed class Answer
{
    private const int Undelivered = 64; // updates: with more the reader is waited for

    private readonly LlamaSharpModel _model;
    private readonly LLamaToken[] _prompt;
    private readonly int _maxTokens;
    private readonly long _acceptedAt;
    private readonly Sampler _sampler;
    private readonly TextAssembler _text;
    private readonly Channel<DecodeUpdate> _updates = Channel.CreateUnbounded<DecodeUpdate>(); // one with a single reader does not count
    private byte[] _piece = new byte[64];
    private Conversation? _conversation;
    private LLamaToken? _next;
    private int _fed;
    private long _startedAt;
    private long _firstAt;
    private long _lastAt;
    private volatile bool _cancelled;
    private bool _done;

    public Answer(LlamaSharpModel model, DecodeRequest request, LLamaToken[] prompt, int maxTokens, long acceptedAt)
    {
        (_model, _prompt, _maxTokens, _acceptedAt, Priority) = (model, prompt, maxTokens, acceptedAt, request.Priority);
        _sampler = new(request.Sampling, model.Size);
        _text = new(request.StopSequences);
        foreach (var token in prompt)
            _sampler.Remember((int)token);
    }

    public ChannelReader<DecodeUpdate> Updates => _updates.Reader;

    public RequestPriority Priority { get; }

    /// <summary>Tokens decoded.</summary>
    public int Produced { get; private set; }

    /// <summary>Whether nothing more is to be decoded for it.</summary>
    public bool IsOver => _done || _cancelled;

    /// <summary>Whether it decodes token by token, its prompt being behind it.</summary>
    public bool IsDecoding => _next is not null;

    /// <summary>Whether its reader has enough to read.</summary>
    public bool IsPaused => _updates.Reader.Count >= Undelivered;

    public void Begin(Conversation conversation, long now) => (_conversation, _startedAt) = (conversation, now);

    /// <summary>Puts its next tokens into the step's batch, as many as there is room for; how many these were.</summary>
    public int Feed(int room)
    {
        if (_next is { } token)
        {
            _conversation!.Prompt(token);
            return 1;
        }

        var count = Math.Min(room, _prompt.Length - _fed);
        _conversation!.Prompt(_prompt.AsSpan(_fed, count));
        _fed += count;
        return count;
    }

    /// <summary>Chooses the next token where the step has computed its logits, and delivers its text.</summary>
    public void Sample(TimeProvider time)
    {
        if (_fed < _prompt.Length || !_conversation!.RequiresSampling)
            return;
        var token = _sampler.Sample(_conversation.Sample());
        _lastAt = time.GetTimestamp();
        if (Produced == 0)
            _firstAt = _lastAt;
        if (_model.IsEnd(token))
        {
            Complete(DecodeFinish.Stop, time);
            return;
        }

        _sampler.Accept(token);
        _next = token;
        Produced++;
        _updates.Writer.TryWrite(new(_text.Append(_model.Piece(token, ref _piece)), 1) { TokenIndex = Produced - 1 });
        if (_text.Stopped)
            Complete(DecodeFinish.Stop, time);
        else if (Produced >= _maxTokens)
            Complete(DecodeFinish.Length, time);
    }

    public void Fail(HybridException failure)
    {
        _done = true;
        _updates.Writer.TryComplete(failure);
    }

    public void Cancel()
    {
        _cancelled = true;
        _updates.Writer.TryComplete();
    }

    /// <summary>Gives its part of the KV cache back.</summary>
    public void Leave() => _conversation?.Dispose();

    private void Complete(DecodeFinish finish, TimeProvider time)
    {
        _done = true;
        var completion = new DecodeCompletion
        {
            Finish = finish,
            PromptTokens = _prompt.Length,
            OutputTokens = Produced,
            QueueTime = time.GetElapsedTime(_acceptedAt, _startedAt),
            PrefillTime = time.GetElapsedTime(_startedAt, _firstAt),
            DecodeTime = time.GetElapsedTime(_firstAt, _lastAt),
        };
        _updates.Writer.TryWrite(new(_text.Flush(), 0, completion) { TokenIndex = Produced });
        _updates.Writer.TryComplete();
    }
}
