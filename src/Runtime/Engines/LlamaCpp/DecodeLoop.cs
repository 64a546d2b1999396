using Hybrid.Targets;

namespace Hybrid.Engines.LlamaCpp;

/// <summary>The one thread that decodes: running requests take turns, a token or a chunk of prompt each.</summary>
/// <remarks>A step decodes one request alone, so that what others ask at the same time changes no token of it.</remarks>
internal sealed class DecodeLoop : IAsyncDisposable
{
    private readonly LlamaModel _model;
    private readonly DecodeContext _context;
    private readonly TimeProvider _time;
    private readonly int _queueCapacity;
    private readonly byte[] _piece = new byte[512];
    private readonly Lock _gate = new();
    private readonly List<Sequence> _waiting = [];
    private readonly Sequence?[] _running;
    private readonly ManualResetEventSlim _work = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Sequence? _current;
    private volatile bool _stopping;
    private long _lastTicket;

    public DecodeLoop(LlamaModel model, DecodeContext context, LlamaEngineOptions options, TimeProvider time)
    {
        (_model, _context, _time, _queueCapacity) = (model, context, time, options.QueueCapacity);
        _running = new Sequence?[options.Slots];
        new Thread(Run) { IsBackground = true, Name = "hybrid decode" }.Start();
    }

    public (int Queue, int Busy) Load
    {
        get
        {
            lock (_gate)
                return (_waiting.Count, _running.Count(sequence => sequence is not null));
        }
    }

    public void Add(Sequence sequence)
    {
        lock (_gate)
        {
            if (_stopping)
                throw LlamaEngine.Disposed();
            var free = _running.Count(slot => slot is null);
            if (_waiting.Count >= free + _queueCapacity)
                throw new HybridException(HybridError.Busy, $"All {_running.Length} slots decode and {_waiting.Count} requests wait, which is the limit. Nothing was decoded; try again, or raise QueueCapacity.");
            sequence.Ticket = ++_lastTicket;
            _waiting.Add(sequence);
        }

        _work.Set();
    }

    /// <summary>Ends a request that nobody wants any more, also in the middle of a prefill; one that has ended stays as it is.</summary>
    public void Cancel(Sequence sequence)
    {
        sequence.Cancel();
        lock (_gate)
            _waiting.Remove(sequence);
        if (_current == sequence)
            _context.Abort(sequence.Ticket);
        _work.Set();
    }

    /// <summary>Tells that a request's reader has made room; only a paused request needs it.</summary>
    public void Wake(Sequence sequence)
    {
        if (sequence.WasPaused)
            _work.Set();
    }

    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        _context.AbortAll();
        _work.Set();
        await _ended.Task;
        _work.Dispose();
    }

    private void Run()
    {
        while (!_stopping)
        {
            _work.Reset();
            Admit();
            var progressed = false;
            for (var i = 0; i < _running.Length && !_stopping; i++)
            {
                if (_running[i] is not { } sequence || (sequence.Pause() && !sequence.Cancelled))
                    continue;
                progressed = true;
                Turn(sequence);
            }

            if (!progressed && !_stopping)
                _work.Wait();
        }

        lock (_gate)
        {
            foreach (var sequence in _running.OfType<Sequence>().Concat(_waiting))
                sequence.End(LlamaEngine.Disposed());
        }

        _ended.SetResult();
    }

    private void Admit()
    {
        lock (_gate)
        {
            for (var i = 0; i < _running.Length; i++)
            {
                if (_running[i] is not null || _waiting.Count == 0)
                    continue;
                var next = _waiting[0];
                _waiting.RemoveAt(0);
                next.Slot = i;
                next.StartedAt = _time.GetTimestamp();
                _running[i] = next;
            }
        }
    }

    private void Turn(Sequence sequence)
    {
        try
        {
            _current = sequence;
            if (sequence.Cancelled || Step(sequence))
                Free(sequence, null);
        }
        catch (HybridException failure)
        {
            Free(sequence, failure);
        }
        catch (Exception failure)
        {
            // Whatever goes wrong for one request must not end the thread that serves the others.
            Free(sequence, new HybridException(HybridError.Internal, $"Decoding failed after {sequence.Produced} tokens: {failure.Message} What was delivered stands; other requests go on.", failure));
        }
        finally
        {
            _current = null;
        }
    }

    /// <summary>Decodes and, after the prompt, samples; true when the request is done.</summary>
    private bool Step(Sequence sequence)
    {
        var last = sequence.Last;
        var chunk = sequence.Prefilling
            ? sequence.Tokens.AsSpan(sequence.Cached, Math.Min(_context.BatchSize, sequence.Tokens.Length - sequence.Cached))
            : new ReadOnlySpan<int>(in last);
        switch (_context.Decode(chunk, sequence.Cached, sequence.Slot, sequence.Ticket))
        {
            case 0:
                sequence.Cached += chunk.Length;
                return !sequence.Prefilling && Sample(sequence);
            case 2:
                // Aborted for this request, or for the end of the engine, which ends its stream.
                return sequence.Cancelled;
            case var code:
                throw new HybridException(HybridError.Internal, $"llama.cpp could not decode (code {code}) at token {sequence.Cached}. What was delivered stands; other requests go on.");
        }
    }

    private bool Sample(Sequence sequence)
    {
        var token = sequence.Sampler.Sample(_context.Logits());
        if (sequence.Produced == 0)
            sequence.FirstTokenAt = _time.GetTimestamp();
        if (_model.IsEndOfGeneration(token))
            return Complete(sequence, DecodeFinish.Stop);
        sequence.Sampler.Accept(token);
        sequence.OnToken?.Invoke(token);
        sequence.Last = token;
        sequence.Produced++;
        sequence.Deliver(new DecodeUpdate(sequence.Text.Append(_model.Piece(token, _piece)), 1));
        if (sequence.Text.Stopped)
            return Complete(sequence, DecodeFinish.Stop);
        return (sequence.Produced >= sequence.MaxTokens || sequence.Cached + 1 > _context.ContextLength) && Complete(sequence, DecodeFinish.Length);
    }

    private bool Complete(Sequence sequence, DecodeFinish finish)
    {
        var now = _time.GetTimestamp();
        sequence.Deliver(new DecodeUpdate(sequence.Text.Stopped ? "" : sequence.Text.Flush(), 0, new DecodeCompletion
        {
            Finish = finish,
            PromptTokens = sequence.Tokens.Length,
            OutputTokens = sequence.Produced,
            QueueTime = _time.GetElapsedTime(sequence.AcceptedAt, sequence.StartedAt),
            PrefillTime = _time.GetElapsedTime(sequence.StartedAt, sequence.FirstTokenAt),
            DecodeTime = _time.GetElapsedTime(sequence.FirstTokenAt, now),
        }));
        return true;
    }

    private void Free(Sequence sequence, Exception? failure)
    {
        _context.Forget(sequence.Slot);
        lock (_gate)
            _running[sequence.Slot] = null;
        sequence.End(failure);
    }
}
