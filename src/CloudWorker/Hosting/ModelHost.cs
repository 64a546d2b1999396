using System.Runtime.CompilerServices;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.Hosting;

/// <summary>Loads the target when it should be there and unloads it when nobody needs it.</summary>
/// <remarks>
/// Without a cold start it loads at once and refuses requests until it is warm. With one it starts cold and holds the
/// requests that wake it, as the front of a pool scaled to zero does.
/// </remarks>
internal sealed partial class ModelHost : ITarget, IEmbeddingTarget
{
    private readonly Func<CancellationToken, Task<ITarget>> _load;
    private readonly WorkerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ModelHost> _logger;
    private readonly CancellationTokenSource _disposed = new();
    private readonly Lock _gate = new();
    private readonly ITimer _idle;
    private Task<ITarget>? _loading;
    private Task _unloading = Task.CompletedTask;
    private ITarget? _loaded;
    private string? _failure;
    private int _leases;

    public ModelHost(
        TargetDescriptor descriptor, Func<CancellationToken, Task<ITarget>> load, WorkerOptions options, TimeProvider time, ILogger<ModelHost> logger)
    {
        (Descriptor, _load, _options, _time, _logger) = (descriptor, load, options, time, logger);
        _idle = time.CreateTimer(_ => UnloadIfIdle(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        lock (_gate)
            _loading = options.ColdStart is null ? LoadAsync() : null;
    }

    public TargetDescriptor Descriptor { get; }

    /// <summary>Tokens of prompt and answer together; 0 while the model was never loaded.</summary>
    public int ContextLength { get; private set; }

    public TargetState State
    {
        get
        {
            lock (_gate)
            {
                if (_loaded is not null)
                    return _loaded.State;
                if (_loading is not null)
                    return new TargetState(TargetReadiness.Warming, "the model is loading");
                return _failure is null
                    ? new TargetState(TargetReadiness.Cold, "scaled to zero")
                    : new TargetState(TargetReadiness.Unavailable, _failure);
            }
        }
    }

    public async ValueTask WarmAsync(CancellationToken cancellationToken = default)
    {
        await using var lease = await AcquireAsync(wait: true, cancellationToken);
        await lease.Target.WarmAsync(cancellationToken);
    }

    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(
        DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using var lease = await AcquireAsync(_options.ColdStart is not null, cancellationToken);
        await foreach (var update in lease.Target.GenerateAsync(request, cancellationToken).WithCancellation(cancellationToken))
            yield return update;
    }

    public async Task<EmbeddingResult> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken = default)
    {
        await using var lease = await AcquireAsync(_options.ColdStart is not null, cancellationToken);
        if (lease.Target is not IEmbeddingTarget embedder)
            throw new HybridException(HybridError.InvalidRequest, $"Model '{Descriptor.Model}' does not give embeddings.");
        return await embedder.EmbedAsync(texts, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        await _idle.DisposeAsync();
        ITarget? target;
        Task? loading;
        lock (_gate)
            (target, loading, _loaded) = (_loaded, _loading, null);
        if (loading is not null)
            await loading.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        await _unloading;
        if (target is not null)
            await target.DisposeAsync();
        _disposed.Dispose();
    }

    private async ValueTask<Lease> AcquireAsync(bool wait, CancellationToken cancellationToken)
    {
        Task<ITarget> loading;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed.IsCancellationRequested, this);
            if (_loaded is null && !wait)
                throw new HybridException(HybridError.TargetUnavailable, $"Model '{Descriptor.Model}' is not ready: {_failure ?? "it is loading"}.");
            loading = _loading ??= LoadAsync();
            _leases++;
        }

        try
        {
            return new Lease(this, await loading.WaitAsync(cancellationToken));
        }
        catch
        {
            Release();
            throw;
        }
    }

    // The load belongs to the worker, not to the request that caused it: that one may go away.
    private Task<ITarget> LoadAsync() => Task.Run(async () =>
    {
        var started = _time.GetTimestamp();
        LogLoading(Descriptor.Model);
        ITarget? target = null;
        try
        {
            await _unloading;
            target = await _load(_disposed.Token);
            var left = (_options.ColdStart ?? TimeSpan.Zero) - _time.GetElapsedTime(started);
            if (left > TimeSpan.Zero)
                await Task.Delay(left, _time, _disposed.Token);
            lock (_gate)
            {
                _disposed.Token.ThrowIfCancellationRequested();
                (_loaded, _failure) = (target, null);
                ContextLength = target.Descriptor.ContextLength;
            }

            LogLoaded(Descriptor.Model, _time.GetElapsedTime(started).TotalSeconds);
            return target;
        }
        catch (Exception exception)
        {
            if (target is not null)
                await target.DisposeAsync();
            var error = Explain(exception);
            lock (_gate)
                (_loading, _failure) = (null, error.Message);
            if (!_disposed.IsCancellationRequested)
                LogLoadFailed(Descriptor.Model, error.Message);
            throw error;
        }
    });

    private static HybridException Explain(Exception exception) => exception switch
    {
        HybridException known => known,
        OperationCanceledException => new HybridException(HybridError.TargetUnavailable, "The worker is stopping."),
        _ => new HybridException(HybridError.Internal, "The model could not be loaded: " + exception.Message, exception),
    };

    private void Release()
    {
        lock (_gate)
        {
            if (--_leases == 0 && _options.ScaleToZeroAfter is { } idle && !_disposed.IsCancellationRequested)
                _idle.Change(idle, Timeout.InfiniteTimeSpan);
        }
    }

    private void UnloadIfIdle()
    {
        lock (_gate)
        {
            if (_leases > 0 || _loaded is null || _disposed.IsCancellationRequested)
                return;
            LogUnloading(Descriptor.Model);
            _unloading = _loaded.DisposeAsync().AsTask();
            (_loaded, _loading) = (null, null);
        }
    }

    private readonly struct Lease(ModelHost host, ITarget target) : IAsyncDisposable
    {
        public ITarget Target { get; } = target;

        public ValueTask DisposeAsync()
        {
            host.Release();
            return default;
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Loading model {Model}.")]
    private partial void LogLoading(string model);

    [LoggerMessage(2, LogLevel.Information, "Model {Model} is warm after {Seconds:F2} s.")]
    private partial void LogLoaded(string model, double seconds);

    [LoggerMessage(3, LogLevel.Error, "Model {Model} could not be loaded: {Reason}")]
    private partial void LogLoadFailed(string model, string reason);

    [LoggerMessage(4, LogLevel.Information, "Model {Model} was idle and is unloaded.")]
    private partial void LogUnloading(string model);
}
