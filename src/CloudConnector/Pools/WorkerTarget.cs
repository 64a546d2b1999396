using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
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
    private readonly WorkerTargetOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _client;
    private readonly CancellationTokenSource _disposed = new();
    private volatile TargetState _state = new(TargetReadiness.Unknown, "not asked yet");
    private long _failedAt;

    /// <summary>Makes the target; does no I/O.</summary>
    /// <exception cref="HybridException">An option cannot be used (<see cref="HybridError.Configuration"/>).</exception>
    public WorkerTarget(WorkerTargetOptions options, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _time = timeProvider ?? TimeProvider.System;
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            EnableMultipleHttp2Connections = true,
            AllowAutoRedirect = false, // A redirect could lead out of the zone that the policy chose.
            UseProxy = false,
            KeepAlivePingDelay = TimeSpan.FromSeconds(20),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
        };
        if (options.LoadAuthority() is { } authority)
        {
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { authority },
                RevocationMode = X509RevocationMode.NoCheck,
            };
        }

        _client = new HttpClient(handler) { BaseAddress = options.Endpoint, Timeout = Timeout.InfiniteTimeSpan };
        if (options.ApiKey is { } key)
            _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <inheritdoc />
    public TargetDescriptor Descriptor => _options.Descriptor;

    /// <summary>As last seen. A failure counts for <see cref="WorkerTargetOptions.RetryAfter"/>; then the pool may be tried again.</summary>
    public TargetState State => _state is { Readiness: TargetReadiness.Unavailable } && _time.GetElapsedTime(Volatile.Read(ref _failedAt)) >= _options.RetryAfter
        ? new(TargetReadiness.Unknown, "failed a while ago and not asked since")
        : _state;

    /// <inheritdoc />
    public bool NeedsNetwork => !_options.Endpoint.IsLoopback;

    /// <summary>Asks the pool for its state.</summary>
    /// <remarks>A pool out of reach gives <see cref="TargetReadiness.Unavailable"/> with the reason; it does not throw.</remarks>
    public async Task<TargetState> RefreshAsync(CancellationToken cancellationToken = default)
    {
        await ProbeAsync(cancellationToken);
        return _state;
    }

    /// <inheritdoc />
    public async ValueTask<bool?> ProbeAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            _state = DecodeMapping.FromMessage(await UnaryAsync("Status", new StatusRequest { Model = _options.ModelId ?? "" }, _options.ConnectTimeout, cancellationToken));
            return true;
        }
        catch (HybridException exception)
        {
            Fail(exception.Message);
            return exception.InnerException is GrpcException; // who refuses has been reached
        }
    }

    /// <inheritdoc />
    public async ValueTask WarmAsync(CancellationToken cancellationToken = default) =>
        _state = DecodeMapping.FromMessage(await UnaryAsync("Warm", new WarmRequest { Model = _options.ModelId ?? "" }, _options.FirstUpdateTimeout, cancellationToken));

    /// <inheritdoc />
    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        var now = _time.GetUtcNow();
        if (request.Deadline <= now)
            throw new HybridException(HybridError.DeadlineExceeded, $"The deadline passed before pool '{Descriptor.Name}' was asked. Nothing was sent.");

        if (!Descriptor.Zone.Admits(request.Privacy))
            throw new HybridException(HybridError.NoTargetAllowed, $"Pool '{Descriptor.Name}' is in zone '{Descriptor.Zone}', which may not see a request of class {request.Privacy}. Nothing was sent.");

        var message = DecodeMapping.ToMessage(request, now);
        message.Model = _options.ModelId ?? "";
        using var wait = new StreamWait(request.Deadline - now, _time, cancellationToken, _disposed.Token);
        wait.Allow(_options.FirstUpdateTimeout);
        await using var call = await GuardAsync(
            wait, () => GrpcCall.StartAsync(_client, "Generate", message, request.Deadline - now, wait.Token), cancellationToken);
        var vocabulary = new VocabularyOnce();
        DecodeUpdate? last = null;
        while (await GuardAsync(wait, () => ReadAsync(call, vocabulary, wait.Token), cancellationToken) is { } update)
        {
            if (last is not null)
                throw Unavailable("it went on after its completion");
            if (_state is { Readiness: not TargetReadiness.Warm } before)
                _state = before with { Readiness = TargetReadiness.Warm, Reason = "" };
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
            throw Unavailable("the stream ended without a completion");
        yield return final;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        _client.Dispose();
    }

    private static async Task<DecodeUpdate?> ReadAsync(GrpcCall call, VocabularyOnce vocabulary, CancellationToken cancellationToken) =>
        await call.ReadAsync(GenerateUpdate.Parser, cancellationToken) is { } message ? DecodeMapping.FromMessage(vocabulary.Restore(message)) : null;

    private async Task<StatusReply> UnaryAsync(string method, Google.Protobuf.IMessage message, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var wait = new StreamWait(null, _time, cancellationToken, _disposed.Token);
        wait.Allow(timeout);
        return await GuardAsync(
            wait,
            async () =>
            {
                await using var call = await GrpcCall.StartAsync(_client, method, message, null, wait.Token);
                return await call.ReadAsync(StatusReply.Parser, wait.Token) ?? throw new GrpcException(GrpcStatus.Internal, "There was no reply.");
            },
            cancellationToken);
    }

    /// <summary>Runs a step of a call and gives its faults in the SDK's words.</summary>
    private async Task<T> GuardAsync<T>(StreamWait wait, Func<Task<T>> step, CancellationToken caller)
    {
        try
        {
            return await step();
        }
        catch (GrpcException exception)
        {
            var error = GrpcStatusMapping.ToError(exception.Status);
            throw error == HybridError.TargetUnavailable ? Unavailable(exception.Message, exception) : new HybridException(error, $"Pool '{Descriptor.Name}': {exception.Message}", exception);
        }
        catch (OperationCanceledException exception) when (!caller.IsCancellationRequested)
        {
            if (_disposed.IsCancellationRequested)
                throw Unavailable("it was disposed");
            throw wait.DeadlinePassed
                ? new HybridException(HybridError.DeadlineExceeded, $"The deadline passed while pool '{Descriptor.Name}' answered. What was delivered stands.")
                : Unavailable($"nothing came for {wait.Allowed.TotalSeconds:0.###} s", exception); // inside it is a TimeoutException where no connection was made
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or ObjectDisposedException)
        {
            throw Unavailable(exception.Message, exception);
        }
    }

    private HybridException Unavailable(string reason, Exception? inner = null)
    {
        Fail(reason);
        return new(HybridError.TargetUnavailable, $"Pool '{Descriptor.Name}' at {_options.Endpoint.Scheme}://{_options.Endpoint.Authority} failed: {reason.TrimEnd('.')}. What was delivered stands.", inner);
    }

    private void Fail(string reason)
    {
        Volatile.Write(ref _failedAt, _time.GetTimestamp());
        _state = new(TargetReadiness.Unavailable, reason);
    }
}
