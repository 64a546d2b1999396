using System.Runtime.CompilerServices;
using Hybrid.CloudConnector.Grpc;
using Hybrid.Protocol;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Pools;

/// <summary>A pool that speaks <c>hybrid.decode.v1</c>, such as <c>hybrid-worker</c>.</summary>
/// <remarks>
/// Thread-safe; streams share connections. A connection that breaks, a silence longer than the idle timeout, and an end without
/// status or completion are <see cref="HybridError.TargetUnavailable"/>, never a completion.
/// </remarks>
public sealed class WorkerTarget : ITarget, INetworkTarget
{
    private const string Service = "hybrid.decode.v1.Decode";
    private readonly WorkerTargetOptions _options;
    private readonly TimeProvider _time;
    private readonly GrpcConnection _pool;

    /// <summary>Makes the target; does no I/O.</summary>
    /// <exception cref="HybridException">An option cannot be used (<see cref="HybridError.Configuration"/>).</exception>
    public WorkerTarget(WorkerTargetOptions options, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _time = timeProvider ?? TimeProvider.System;
        _pool = new(options, _time, static fault => GrpcStatusMapping.ToError(fault.Status));
    }

    /// <inheritdoc />
    public TargetDescriptor Descriptor => _options.Descriptor;

    /// <summary>As last seen. A failure counts for <see cref="GrpcTargetOptions.RetryAfter"/>; then the pool may be tried again.</summary>
    public TargetState State => _pool.State;

    /// <inheritdoc />
    public bool NeedsNetwork => !_options.Endpoint.IsLoopback;

    /// <inheritdoc />
    public double? BytesPerSecond => _pool.BytesPerSecond;

    /// <summary>Asks the pool for its state.</summary>
    /// <remarks>A pool out of reach gives <see cref="TargetReadiness.Unavailable"/> with the reason; it does not throw.</remarks>
    public async Task<TargetState> RefreshAsync(CancellationToken cancellationToken = default)
    {
        await ProbeAsync(cancellationToken);
        return _pool.LastState;
    }

    /// <inheritdoc />
    public async ValueTask<bool?> ProbeAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await AskStateAsync("Status", new StatusRequest { Model = _options.ModelId ?? "" }, _options.ConnectTimeout, cancellationToken);
            return true;
        }
        catch (HybridException exception)
        {
            _pool.Failed(exception.Message);
            return exception.InnerException is GrpcException; // who refuses has been reached
        }
    }

    /// <inheritdoc />
    public async ValueTask WarmAsync(CancellationToken cancellationToken = default) =>
        await AskStateAsync("Warm", new WarmRequest { Model = _options.ModelId ?? "" }, _options.FirstUpdateTimeout, cancellationToken);

    /// <inheritdoc />
    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        var now = _time.GetUtcNow();
        _pool.Admit(request, now);
        var message = DecodeMapping.ToMessage(request, now);
        message.Model = _options.ModelId ?? "";
        using var wait = _pool.Wait(request.Deadline - now, _options.FirstUpdateTimeout, cancellationToken);
        await using var call = await _pool.StartAsync(new(Service, "Generate", message) { Timeout = request.Deadline - now }, wait, cancellationToken);
        var vocabulary = new VocabularyOnce();
        DecodeUpdate? last = null;
        while (await _pool.GuardAsync(wait, () => ReadAsync(call, vocabulary, wait.Token), cancellationToken) is { } update)
        {
            if (last is not null)
                throw _pool.Unavailable("it went on after its completion");
            _pool.Answered();
            if (update.Completion is not null)
            {
                // Held back until the call's status says that this was the end.
                last = update;
                continue;
            }

            // The silence that counts is the pool's, not the reader's.
            wait.Allow(Timeout.InfiniteTimeSpan);
            yield return update;
            wait.Allow(_options.IdleTimeout);
        }

        if (last is not { } final)
            throw _pool.Unavailable("the stream ended without a completion");
        yield return final;
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _pool.DisposeAsync();

    private static async Task<DecodeUpdate?> ReadAsync(GrpcCall call, VocabularyOnce vocabulary, CancellationToken cancellationToken) =>
        await call.ReadAsync(GenerateUpdate.Parser, cancellationToken) is { } message ? DecodeMapping.FromMessage(vocabulary.Restore(message)) : null;

    private async Task AskStateAsync(string method, Google.Protobuf.IMessage message, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var wait = _pool.Wait(null, timeout, cancellationToken);
        _pool.Saw(DecodeMapping.FromMessage(await _pool.UnaryAsync(new(Service, method, message), StatusReply.Parser, wait, cancellationToken)));
    }
}
