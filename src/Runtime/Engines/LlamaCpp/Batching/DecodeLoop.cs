using System.Collections.Concurrent;
using Hybrid.Accounting;
using Hybrid.Engines.LlamaCpp.Prefixes;
using Hybrid.Engines.LlamaCpp.Speculation;
using Hybrid.Targets;

namespace Hybrid.Engines.LlamaCpp.Batching;

/// <summary>The one thread that decodes. A round gives each running request a step of tokens, and then some prompt is prefilled.</summary>
/// <remarks>
/// Requests join and leave between rounds. Those that generate share steps where that is faster than taking turns; a prompt
/// is prefilled in pieces short enough that the reader of a running stream notices little of it.
/// </remarks>
internal sealed class DecodeLoop : IAsyncDisposable
{
    // Another engine gets its turn after this long, or after a round that takes longer: to wake its threads can take a millisecond.
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan PrefillTurn = TimeSpan.FromMilliseconds(40);

    private readonly DecodeContext _context;
    private readonly PrefixTree _tree;
    private readonly EngineMeter _meter;
    private readonly TimeProvider _time;
    private readonly int _slots;
    private readonly double _longestPause;
    private readonly RequestQueue _queue;
    private readonly GenerationStep _generation;
    private readonly PrefillStep _prefill;
    private readonly Func<Sequence, bool?> _admit;
    private readonly List<Sequence> _running = [];
    private readonly List<Sequence> _ready = [];
    private readonly ConcurrentQueue<Action> _errands = new();
    private readonly ManualResetEventSlim _work = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _turnBegan;
    private volatile bool _stopping;
    private volatile int _busy;

    public DecodeLoop(LlamaModel model, DecodeContext context, DraftModel? draft, EngineMeter meter, LlamaEngineOptions options, TimeProvider time)
    {
        (_context, _meter, _time) = (context, meter, time);
        (_slots, _longestPause) = (options.Slots, options.LongestPause.TotalSeconds);
        var reuse = options.PrefixCache && model.Rewinds;
        _tree = new(context, context.Cells, reuse ? context.Cells / 2 : 0, reuse ? DecodeContext.SequenceIds : options.Slots);
        _queue = new(options.QueueCapacity, time);
        var delivery = new TokenDelivery(model, meter, time);
        // A GPU fills up its own tiles, and a recurrent model has a state for each row.
        var pads = model.OnProcessor && model.Rewinds;
        _generation = new(context, _tree, delivery, draft, meter, options, pads);
        var padding = pads && context.BatchSize >= TilePadding.Tile ? new TilePadding(model.File.ParameterCount, model.Width) : null;
        _prefill = new(context, _tree, delivery, padding, meter, options.BatchSize);
        _admit = Admit;
        new Thread(Run) { IsBackground = true, Name = "hybrid decode" }.Start();
    }

    /// <summary>Requests that wait, requests that run, and cells of the KV cache that hold something.</summary>
    public (int Queue, int Busy, int Cells) Load => (_queue.Count, _busy, _tree.Used);

    public void Add(Sequence sequence)
    {
        try
        {
            _queue.Add(sequence, Math.Max(0, _slots - _busy));
        }
        catch (HybridException error) when (error.Error == HybridError.Busy)
        {
            _meter.Refused();
            throw;
        }

        _work.Set();
    }

    /// <summary>Ends a request that nobody wants any more, also in the middle of a prefill; one that has ended stays as it is.</summary>
    public void Cancel(Sequence sequence)
    {
        sequence.Cancel();
        if (_queue.Remove(sequence))
            _meter.Cancelled();
        Interlocked.MemoryBarrier(); // The mark is set before the ticket is read, and the prefill does it the other way round.
        if (sequence.Ticket is > 0 and var ticket)
            _context.Abort(ticket);
        _work.Set();
    }

    /// <summary>Tells that a request's reader has made room; only a paused request needs it.</summary>
    public void Wake(Sequence sequence)
    {
        if (sequence.WasPaused)
            _work.Set();
    }

    /// <summary>Runs something between two rounds, with the context and its tree to itself.</summary>
    public Task<T> Between<T>(Func<DecodeContext, PrefixTree, T> errand)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _errands.Enqueue(() =>
        {
            try
            {
                if (_stopping)
                    throw LlamaEngine.Disposed();
                BeginTurn();
                result.SetResult(errand(_context, _tree));
            }
            catch (Exception failure)
            {
                result.SetException(failure);
            }
        });
        _work.Set();
        if (_ended.Task.IsCompleted)
            RunErrands();
        return result.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        _context.AbortAll();
        _work.Set();
        await _ended.Task;
        RunErrands();
    }

    private void Run()
    {
        while (!_stopping)
        {
            _work.Reset();
            Retire(); // first, so that an errand finds all of an answer that its reader has
            RunErrands();
            _queue.Take(_admit);
            if (!Round() && !_stopping)
            {
                _context.EndTurn();
                _work.Wait();
            }
        }

        Retire();
        foreach (var sequence in _running.Concat(_queue.Close()))
        {
            _meter.Cancelled();
            sequence.End(LlamaEngine.Disposed());
        }

        _running.Clear();
        _busy = 0;
        _context.EndTurn();
        _ended.SetResult();
    }

    private void RunErrands()
    {
        while (_errands.TryDequeue(out var errand))
            errand();
    }

    /// <summary>Starts a request where a slot and its memory are free; false where a running prefill will spare it most of its own.</summary>
    private bool? Admit(Sequence sequence)
    {
        if (_running.Count == _slots)
            return null;
        var prompt = sequence.Tokens;
        if (_prefill.WillShare(_running, prompt))
            return false;
        if (_tree.Admit(prompt, sequence.Limit) is not { } lease)
            return null;
        sequence.Lease = lease;
        sequence.Reused = lease.Filled;
        sequence.StartedAt = _time.GetTimestamp();
        _meter.Started(prompt.Length, lease.Filled);
        _running.Add(sequence);
        _busy = _running.Count;
        return true;
    }

    /// <summary>One step for everybody; false where nobody could use one.</summary>
    private bool Round()
    {
        var began = _time.GetTimestamp();
        var generated = Select(prefilling: false);
        if (generated)
        {
            BeginTurn();
            _generation.Run(_ready);
        }

        var seconds = _time.GetElapsedTime(began).TotalSeconds;
        var prefilled = Select(prefilling: true);
        if (prefilled)
        {
            BeginTurn();
            _prefill.Run(_ready, generated ? Math.Max(seconds, _longestPause - seconds) : _context.OthersWait ? PrefillTurn.TotalSeconds : double.PositiveInfinity);
        }

        if (_context.OthersWait && _time.GetElapsedTime(_turnBegan) > Turn)
            _context.EndTurn();
        return generated || prefilled;
    }

    private void BeginTurn()
    {
        if (_context.BeginTurn())
            _turnBegan = _time.GetTimestamp();
    }

    /// <summary>Finds those who can use a step of this kind.</summary>
    private bool Select(bool prefilling)
    {
        _ready.Clear();
        foreach (var sequence in _running)
        {
            if (!sequence.Ended && sequence.Prefilling == prefilling && (prefilling || !sequence.Pause()))
                _ready.Add(sequence);
        }

        return _ready.Count > 0;
    }

    /// <summary>Takes out who has ended, so that the next in the queue finds room.</summary>
    private void Retire()
    {
        for (var i = _running.Count - 1; i >= 0; i--)
        {
            var sequence = _running[i];
            if (!sequence.Ended)
                continue;
            _running.RemoveAt(i);
            _busy = _running.Count;
            _tree.Release(sequence.Lease!, sequence.Tokens);
            if (sequence.Failure is not null)
                _meter.Failed();
            else if (!sequence.Done)
                _meter.Cancelled();
            sequence.End();
        }
    }
}
