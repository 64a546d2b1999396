using System.Threading.Channels;
using LLama.Batched;
using LLama.Common;
using LLama.Native;

namespace Hybrid.Adapters.LLamaSharp;

/// <summary>Decodes for all requests in turn: each step has a token of every request that answers, and as much of the waiting prompts as fits beside them.</summary>
internal sealed class BatchLoop : IAsyncDisposable
{
    private readonly LlamaSharpModel _model;
    private readonly ModelParams _parameters;
    private readonly TimeProvider _time;
    private readonly int _capacity;
    private readonly Lock _lock = new();
    private readonly List<Answer> _waiting = [];
    private readonly List<Answer> _running = [];
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private BatchedExecutor _executor;
    private bool _closed;

    public BatchLoop(LlamaSharpModel model, ModelParams parameters, LLamaSharpOptions options, TimeProvider time)
    {
        (_model, _parameters, _time, Slots, _capacity) = (model, parameters, time, options.Slots, options.QueueCapacity);
        _executor = new(model.Weights, parameters);
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Requests decoded at once.</summary>
    public int Slots { get; }

    /// <summary>Requests in the queue.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock) return _waiting.Count;
        }
    }

    /// <summary>Requests being decoded.</summary>
    public int Running { get; private set; }

    public static HybridException Disposed() => new(HybridError.TargetUnavailable, "The engine was disposed. What was delivered stands.");

    public void Add(Answer answer)
    {
        lock (_lock)
        {
            if (_closed)
                throw Disposed();
            if (_waiting.Count >= _capacity + Math.Max(0, Slots - Running))
                throw new HybridException(HybridError.Busy, $"{_waiting.Count} requests wait for the engine, which is its limit. Nothing was decoded; try again, or raise QueueCapacity.");
            _waiting.Add(answer);
        }

        Wake();
    }

    public void Cancel(Answer answer)
    {
        lock (_lock) _waiting.Remove(answer); // at once, and not when a slot comes free: others may have its place
        answer.Cancel();
        Wake();
    }

    /// <summary>Has the loop look again at what there is to do.</summary>
    public void Wake() => _wake.Writer.TryWrite(true);

    public async ValueTask DisposeAsync()
    {
        lock (_lock) _closed = true;
        await _stop.CancelAsync();
        await _loop;
        _executor.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Settle();
                if (!Feed())
                {
                    await _wake.Reader.ReadAsync(_stop.Token);
                    continue;
                }

                var result = await _executor.Infer(_stop.Token);
                if (result == DecodeResult.Ok)
                    Sample();
                else
                    StartOver(new(HybridError.Internal, $"llama.cpp could not decode ({result}). What was delivered stands; ask again."));
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failure)
            {
                StartOver(failure as HybridException ?? new(HybridError.Internal, $"Decoding failed: {failure.Message.TrimEnd('.')}. What was delivered stands; ask again.", failure));
            }
        }

        lock (_lock)
        {
            _running.AddRange(_waiting);
            _waiting.Clear();
        }

        End(Disposed());
    }

    // Those that are over leave, and others take their places.
    private void Settle()
    {
        foreach (var answer in _running.Where(one => one.IsOver)) answer.Leave();
        _running.RemoveAll(one => one.IsOver);
        lock (_lock)
        {
            while (_running.Count < Slots && _waiting.MaxBy(one => one.Priority) is { } next) // of equals the first
            {
                _waiting.Remove(next);
                _running.Add(next); // first, so that it hears of a failure of the next line
                next.Begin(_executor.Create(), _time.GetTimestamp());
            }

            Running = _running.Count;
        }
    }

    // Requests that answer come first, for prompts fill whatever room there is. False: nobody has anything to decode.
    private bool Feed()
    {
        var room = (int)_executor.Context.BatchSize;
        var fed = 0;
        foreach (var answer in _running.OrderByDescending(one => one.IsDecoding))
        {
            if (room == fed) break;
            if (!answer.IsPaused) fed += answer.Feed(room - fed);
        }

        return fed > 0;
    }

    private void Sample()
    {
        foreach (var answer in _running)
        {
            try
            {
                answer.Sample(_time);
            }
            catch (HybridException failure)
            {
                answer.Fail(failure); // its own: others go on
            }
        }
    }

    // What a failed step left in the executor cannot be taken back one by one.
    private void StartOver(HybridException failure)
    {
        End(failure);
        _executor.Dispose();
        _executor = new(_model.Weights, _parameters);
    }

    private void End(HybridException failure)
    {
        foreach (var answer in _running)
        {
            answer.Fail(failure);
            answer.Leave();
        }

        _running.Clear();
        Running = 0;
    }
}
