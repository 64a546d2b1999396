using Hybrid.Targets;

namespace Hybrid.Engines.LlamaCpp;

/// <summary>Embeddings in a context of their own, made when the first are asked for.</summary>
internal sealed class Embedder(LlamaModel model, LlamaEngineOptions options, int contextLength) : IAsyncDisposable
{
    // Never disposed: it holds nothing, and those who still wait for their turn must get one to hear of the end.
    private readonly SemaphoreSlim _turn = new(1);
    private volatile bool _stopping;
    private DecodeContext? _context;

    public async Task<EmbeddingResult> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(() =>
            {
                if (_stopping)
                    throw LlamaEngine.Disposed();
                _context ??= new(model, new(contextLength, contextLength, contextLength, 1, options.ThreadCount, options.Poll, Embeddings: true));
                var embedded = texts.Select(text => Embed(_context, text, cancellationToken)).ToArray();
                return new EmbeddingResult([.. embedded.Select(one => one.Vector)], embedded.Sum(one => one.Tokens));
            }, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        await _turn.WaitAsync();
        _context?.Dispose();
        _turn.Release();
    }

    private (ReadOnlyMemory<float> Vector, int Tokens) Embed(DecodeContext context, string text, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_stopping)
            throw LlamaEngine.Disposed();
        var tokens = model.Tokenize(text, addSpecial: true, parseSpecial: false);
        if (tokens.Length == 0)
            throw new HybridException(HybridError.InvalidRequest, "A text to embed is empty. Nothing was embedded.");
        if (tokens.Length > context.Cells)
            throw new HybridException(HybridError.ContextExceeded, $"A text to embed has {tokens.Length} tokens and the context holds {context.Cells}. Nothing was embedded; split the text.");
        context.Forget(0, 0, -1);
        context.Clear();
        for (var i = 0; i < tokens.Length; i++)
            context.Add(tokens[i], i, sequence: 0, output: true);
        var vector = Decode(context, tokens.Length);
        var norm = Math.Sqrt(vector.Sum(value => (double)value * value));
        for (var i = 0; norm > 0 && i < vector.Length; i++)
            vector[i] = (float)(vector[i] / norm);
        return (vector, tokens.Length);
    }

    private float[] Decode(DecodeContext context, int tokens)
    {
        try
        {
            context.BeginTurn();
            return context.Decode(ticket: 1) is not 0 and var code
                ? throw new HybridException(HybridError.Internal, $"llama.cpp could not embed a text of {tokens} tokens (code {code}).")
                : context.Embedding(model.EmbeddingLength).ToArray();
        }
        finally
        {
            context.EndTurn();
        }
    }
}
