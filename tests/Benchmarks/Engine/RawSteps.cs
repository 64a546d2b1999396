using Hybrid.Engines.LlamaCpp;
using Hybrid.Engines.LlamaCpp.Batching;
using Hybrid.Engines.LlamaCpp.Native;

namespace Hybrid.Benchmarks.Engine;

/// <summary>Steps of llama.cpp alone, with no engine around them: no queue, no sampling, no reader.</summary>
internal sealed class RawSteps : IDisposable
{
    private readonly LlamaModel _model;
    private readonly DecodeContext _context;

    private RawSteps(LlamaModel model, int cells, int threads)
    {
        _model = model;
        _context = new(model, new ContextShape(cells, 512, 512, 16, threads, Poll: 50));
        _context.BeginTurn();
    }

    /// <summary>How long the last step took.</summary>
    public double LastMilliseconds => _context.LastSeconds * 1000;

    public static async Task<RawSteps> LoadAsync(BenchModel model, int cells, int threads)
    {
        NativeLibraries.EnsureLoaded(null);
        return new(await LlamaModel.LoadAsync(model.Path, 0, null, CancellationToken.None), cells, threads);
    }

    /// <summary>Tokens of one sequence, filled up with rows that belong to nobody.</summary>
    public void Step(int tokens, int sequence, int position, int padding = 0)
    {
        _context.Clear();
        for (var i = 0; i < tokens; i++)
            _context.Add(300 + i, position + i, sequence, output: i == tokens - 1);
        _context.Pad(padding);
        Decode();
    }

    /// <summary>One token of each of so many sequences.</summary>
    public void StepOfEach(int sequences, int position)
    {
        _context.Clear();
        for (var i = 0; i < sequences; i++)
            _context.Add(300 + i, position, i, output: true);
        Decode();
    }

    public void Forget(int sequence, int from = -1) => _context.Forget(sequence, from, -1);

    /// <summary>How many times faster so many streams are when they share steps than one after another: the most that any engine can get out of batching.</summary>
    /// <param name="streams">At most 16.</param>
    /// <param name="tokens">Decoded by each.</param>
    public double Gain(int streams, int tokens)
    {
        var alone = Seconds(1, tokens);
        return streams * alone / Seconds(streams, tokens);
    }

    public void Dispose()
    {
        _context.EndTurn();
        _context.Dispose();
        _model.Dispose();
    }

    private double Seconds(int streams, int tokens)
    {
        const int Before = 16;
        for (var stream = 0; stream < streams; stream++)
            Step(Before, stream, 0);
        var before = _context.AllSeconds;
        for (var i = 0; i < tokens; i++)
            StepOfEach(streams, Before + i);
        for (var stream = 0; stream < streams; stream++)
            Forget(stream);
        return _context.AllSeconds - before;
    }

    private void Decode()
    {
        if (_context.Decode(ticket: 1) is not 0 and var code)
            throw new InvalidOperationException($"llama.cpp could not decode (code {code}).");
    }
}
