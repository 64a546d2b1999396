using System.Threading.Channels;
using Hybrid.Engines.Sampling;
using Hybrid.Engines.Text;
using Hybrid.Targets;

namespace Hybrid.Engines.LlamaCpp;

/// <summary>One request on its way: what is left to prefill, what was sampled, and the channel to its reader.</summary>
internal sealed class Sequence
{
    // Enough for a reader that is busy for a moment; a reader that stops pauses its own request and no other.
    private const int Undelivered = 256;
    private readonly Channel<DecodeUpdate> _channel = Channel.CreateBounded<DecodeUpdate>(
        new BoundedChannelOptions(Undelivered) { SingleReader = true, SingleWriter = false });

    private volatile bool _cancelled;
    private volatile bool _paused;

    public Sequence(int[] tokens, int maxTokens, DecodeRequest request, int vocabularySize, long acceptedAt)
    {
        (Tokens, MaxTokens, AcceptedAt) = (tokens, maxTokens, acceptedAt);
        Sampler = new(request.Sampling, vocabularySize);
        Text = new(request.StopSequences);
        OnToken = request.OnToken;
        foreach (var token in tokens)
            Sampler.Accept(token);
    }

    /// <summary>The prompt.</summary>
    public int[] Tokens { get; }

    public int MaxTokens { get; }

    public Sampler Sampler { get; }

    public TextAssembler Text { get; }

    public Action<int>? OnToken { get; }

    public long AcceptedAt { get; }

    public long StartedAt { get; set; }

    public long FirstTokenAt { get; set; }

    /// <summary>Names the request where its decode has to be stopped; above 0.</summary>
    public long Ticket { get; set; }

    /// <summary>The slot in the context; -1 while waiting.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>Tokens in the KV cache.</summary>
    public int Cached { get; set; }

    /// <summary>The sampled token that the next step decodes.</summary>
    public int Last { get; set; }

    public int Produced { get; set; }

    public bool Prefilling => Cached < Tokens.Length;

    public bool Cancelled => _cancelled;

    /// <summary>Whether the request was passed over because its reader had stopped reading.</summary>
    public bool WasPaused => _paused;

    public ChannelReader<DecodeUpdate> Reader => _channel.Reader;

    /// <summary>Whether there is no room for a last token and the completion. The mark comes before the look, so that no wake-up is lost.</summary>
    public bool Pause()
    {
        if (_channel.Reader.Count < Undelivered - 2)
            return _paused = false;
        _paused = true;
        return _channel.Reader.Count >= Undelivered - 2;
    }

    public void Cancel() => _cancelled = true;

    public void Deliver(in DecodeUpdate update) => _channel.Writer.TryWrite(update);

    public void End(Exception? failure = null) => _channel.Writer.TryComplete(failure);
}
