using System.Runtime.CompilerServices;
using Hybrid.Streaming;

namespace Hybrid.Targets;

/// <summary>A target that is loaded on first use: cold, warming, warm, or unavailable for a while after a failed load.</summary>
/// <remarks>
/// Thread-safe; one load at a time, shared by everybody who waits. A caller who cancels stops waiting, not the load.
/// Disposing also disposes the loaded target.
/// </remarks>
public sealed class LazyTarget : ITarget, ITokenCounter
{
    /// <summary>How long a failed load counts as unavailable before the next request tries again.</summary>
    /// <value>30 seconds</value>
    public static readonly TimeSpan DefaultRetryAfter = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _disposed = new();
    private readonly TargetDescriptor _configured;
    private readonly Func<CancellationToken, ValueTask<ITarget>> _load;
    private readonly TimeProvider _time;
    private readonly TimeSpan _retryAfter;
    private Task<ITarget>? _loading;
    private volatile Loaded? _loaded;
    private string? _failure;
    private long _failedAt;

    /// <summary>Wraps a load.</summary>
    /// <param name="descriptor">What is known before the load.</param>
    /// <param name="load">Loads the target; its token is cancelled when this one is disposed.</param>
    /// <param name="time">The clock of the retry; null is the system's.</param>
    /// <param name="retryAfter">Null is <see cref="DefaultRetryAfter"/>.</param>
    public LazyTarget(TargetDescriptor descriptor, Func<CancellationToken, ValueTask<ITarget>> load, TimeProvider? time = null, TimeSpan? retryAfter = null)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        ArgumentNullException.ThrowIfNull(load);
        _configured = descriptor;
        _load = load;
        _time = time ?? TimeProvider.System;
        _retryAfter = retryAfter ?? DefaultRetryAfter;
    }

    /// <summary>As configured; once loaded, with the model's own context length, capabilities and size.</summary>
    public TargetDescriptor Descriptor => _loaded?.Descriptor ?? _configured;

    /// <inheritdoc />
    public TargetState State
    {
        get
        {
            if (_loaded is { } loaded && !_disposed.IsCancellationRequested) return loaded.Target.State;
            lock (_lock)
            {
                if (_disposed.IsCancellationRequested) return new(TargetReadiness.Unavailable, "disposed");
                if (_loading is { IsCompleted: false }) return new(TargetReadiness.Warming, "loading");
                if (_failure is { } failure && _time.GetElapsedTime(_failedAt) < _retryAfter) return new(TargetReadiness.Unavailable, failure);
                return new(TargetReadiness.Cold, "not loaded yet");
            }
        }
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(
        DecodeRequest request,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var target = await LoadAsync(cancellationToken);
        await foreach (var update in PrivacyGate.Send(target, request, cancellationToken).WithCancellation(cancellationToken)) yield return update;
    }

    /// <inheritdoc />
    public async ValueTask WarmAsync(CancellationToken cancellationToken = default)
    {
        var target = await LoadAsync(cancellationToken);
        await target.WarmAsync(cancellationToken);
    }

    /// <summary>Counts with the loaded model; before the load, estimates from the text's length.</summary>
    public int CountTokens(IReadOnlyList<PromptMessage> messages) =>
        _loaded?.Target is ITokenCounter counter ? counter.CountTokens(messages) : TokenEstimate.OfMessages(messages);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        Task<ITarget>? loading;
        lock (_lock)
        {
            if (_disposed.IsCancellationRequested) return;
            loading = _loading;
            _disposed.Cancel();
        }

        if (loading is null) return;
        await ((Task)loading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (loading.IsCompletedSuccessfully) await (await loading).DisposeAsync();
    }

    private Task<ITarget> LoadAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_disposed.IsCancellationRequested) throw Unavailable("was disposed", null);
            if (_loading is null or { IsFaulted: true } or { IsCanceled: true }) _loading = Task.Run(LoadCoreAsync, CancellationToken.None);
            return _loading.WaitAsync(cancellationToken);
        }
    }

    private async Task<ITarget> LoadCoreAsync()
    {
        try
        {
            var target = await _load(_disposed.Token);
            if (!CheckZone(target))
            {
                await target.DisposeAsync();
                throw Unavailable($"loaded into another zone than its configured '{_configured.Zone}'", null);
            }

            _loaded = new(target, Merge(_configured, target.Descriptor));
            return target;
        }
        catch (Exception error)
        {
            lock (_lock)
            {
                _failure = error.Message;
                _failedAt = _time.GetTimestamp();
            }

            if (error is HybridException) throw;
            throw Unavailable($"could not be loaded: {error.Message}", error);
        }
    }

    private bool CheckZone(ITarget target) => target.Descriptor.Zone == _configured.Zone;

    private static TargetDescriptor Merge(TargetDescriptor configured, TargetDescriptor loaded) => configured with
    {
        ContextLength = Math.Min(configured.ContextLength, loaded.ContextLength),
        Capabilities = loaded.Capabilities,
        ParametersBillions = configured.ParametersBillions > 0 ? configured.ParametersBillions : loaded.ParametersBillions,
        Quality = configured.Quality ?? loaded.Quality,
    };

    private HybridException Unavailable(string what, Exception? inner) =>
        new(HybridError.TargetUnavailable, $"Target '{_configured.Name}' {what}.", inner);

    private sealed record Loaded(ITarget Target, TargetDescriptor Descriptor);
}
