using Hybrid.Targets;

namespace Hybrid.Streaming;

/// <summary>The token ids of what was said, as long as all of it came from one vocabulary and text and ids say the same.</summary>
internal sealed class SaidTokens : IDisposable
{
    private readonly Borrowed<int> _ids = new();
    private string? _vocabulary;
    private bool _known = true;
    private bool _exact = true;

    public SaidTokens(DecodeRequest request)
    {
        if (request.Continuation.Length == 0) return;
        if (request.ContinuationTokens is not { } tokens)
        {
            _known = false;
            return;
        }

        _vocabulary = tokens.Vocabulary;
        tokens.Tokens.Span.CopyTo(_ids.Add(tokens.Tokens.Length));
    }

    /// <summary>The ids of exactly the text so far; null where they are not known.</summary>
    public ContinuationTokens? Now => _known && _exact && _vocabulary is { } vocabulary ? new(vocabulary, _ids.Span.ToArray()) : null;

    public void Say(in DecodeUpdate update)
    {
        if (!_known || (update.TokenCount == 0 && update.Text.Length == 0)) return;
        _vocabulary ??= update.Vocabulary;
        _known = update.Tokens.Count == update.TokenCount && (update.TokenCount == 0 || update.Vocabulary == _vocabulary);
        if (!_known) return;
        update.Tokens.CopyTo(_ids.Add(update.TokenCount));
        _exact = update.PendingBytes == 0;
    }

    /// <summary>Another target goes on from the text alone: where its tokens end is not where the ids end, if those said more.</summary>
    public void GoOnFromText() => _known &= _exact;

    public void Dispose() => _ids.Dispose();
}
