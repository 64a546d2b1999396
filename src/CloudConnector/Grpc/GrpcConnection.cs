using System.Net.Http.Headers;
using System.Net.Sockets;
using Google.Protobuf;
using Hybrid.CloudConnector.Pools;
using Hybrid.Protocol;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Grpc;

/// <summary>What the targets over gRPC share: connections, faults in the SDK's words, and the state as last seen.</summary>
/// <remarks>Thread-safe; streams share connections.</remarks>
internal sealed class GrpcConnection : IAsyncDisposable
{
    private readonly GrpcTargetOptions _options;
    private readonly Func<GrpcException, HybridError> _errorOf;
    private readonly TimeProvider _time;
    private readonly PoolLine _line = new();
    private readonly HttpClient? _client;
    private readonly GrpcStarter _start;
    private readonly CancellationTokenSource _disposed = new();
    private volatile TargetState _state = new(TargetReadiness.Unknown, "not asked yet");
    private long _failedAt;

    /// <summary>Makes it; does no I/O but for a certificate.</summary>
    /// <exception cref="HybridException">An option cannot be used (<see cref="HybridError.Configuration"/>).</exception>
    public GrpcConnection(GrpcTargetOptions options, TimeProvider time, Func<GrpcException, HybridError> errorOf)
    {
        options.Validate();
        (_options, _time, _errorOf) = (options, time, errorOf);
        if (options.Starter is { } starter)
        {
            _start = starter;
            return;
        }

        var handler = Handler(options);
        _line.Watch(handler);
        _client = new HttpClient(handler) { BaseAddress = options.Endpoint, Timeout = Timeout.InfiniteTimeSpan };
        if (options.ApiKey is { } key)
            _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        _start = (request, cancellationToken) => GrpcHttpCall.StartAsync(_client, request, cancellationToken);
    }

    /// <summary>How every connection to a pool is made, whoever calls over it.</summary>
    /// <exception cref="HybridException">The authority's file cannot be used (<see cref="HybridError.Configuration"/>).</exception>
    public static SocketsHttpHandler Handler(GrpcTargetOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            EnableMultipleHttp2Connections = true,
            AllowAutoRedirect = false, // A redirect could lead out of the zone that the policy chose.
            UseProxy = false,
            KeepAlivePingDelay = TimeSpan.FromSeconds(20),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
        };
        PinnedAuthority.Trust(handler, options.Descriptor.Name, options.CertificateAuthorityPath);
        return handler;
    }

    /// <summary>As last seen. A failure counts for <see cref="GrpcTargetOptions.RetryAfter"/>; then the pool may be tried again.</summary>
    public TargetState State => _state is { Readiness: TargetReadiness.Unavailable } && _time.GetElapsedTime(Volatile.Read(ref _failedAt)) >= _options.RetryAfter
        ? new(TargetReadiness.Unknown, "failed a while ago and not asked since")
        : _state;

    /// <inheritdoc cref="PoolLine.BytesPerSecond"/>
    public double? BytesPerSecond => _line.BytesPerSecond;

    /// <summary>The state, a failure of any age among them.</summary>
    public TargetState LastState => _state;

    private string Name => _options.Descriptor.Name;

    /// <summary>Keeps what the pool said of itself.</summary>
    public void Saw(TargetState state) => _state = state;

    /// <summary>An answer came, so it is warm.</summary>
    public void Answered()
    {
        if (_state is { Readiness: not TargetReadiness.Warm } before)
            _state = before with { Readiness = TargetReadiness.Warm, Reason = "" };
    }

    public void Failed(string reason)
    {
        Volatile.Write(ref _failedAt, _time.GetTimestamp());
        _state = new(TargetReadiness.Unavailable, reason);
    }

    /// <summary>Looks at a request before a byte of it is sent.</summary>
    /// <exception cref="HybridException">Its deadline has passed, or its class keeps it from the pool's zone.</exception>
    public void Admit(DecodeRequest request, DateTimeOffset now)
    {
        if (request.Deadline <= now)
            throw new HybridException(HybridError.DeadlineExceeded, $"The deadline passed before pool '{Name}' was asked. Nothing was sent.");

        if (!_options.Descriptor.Zone.Admits(request.Privacy))
            throw new HybridException(HybridError.NoTargetAllowed, $"Pool '{Name}' is in zone '{_options.Descriptor.Zone}', which may not see a request of class {request.Privacy}. Nothing was sent.");
    }

    /// <summary>Begins to wait for an answer, <paramref name="silence"/> at most for its first message.</summary>
    public StreamWait Wait(TimeSpan? left, TimeSpan silence, CancellationToken caller)
    {
        var wait = new StreamWait(left, _time, caller, _disposed.Token);
        wait.Allow(silence);
        return wait;
    }

    public Task<GrpcCall> StartAsync(GrpcRequest request, StreamWait wait, CancellationToken caller) =>
        GuardAsync(wait, () => _start(request, wait.Token), caller);

    /// <summary>A call with one reply, and with OK behind it.</summary>
    public Task<T> UnaryAsync<T>(GrpcRequest request, MessageParser<T> parser, StreamWait wait, CancellationToken caller)
        where T : class, IMessage<T> => GuardAsync(
            wait,
            async () =>
            {
                await using var call = await _start(request, wait.Token);
                var reply = await call.ReadAsync(parser, wait.Token) ?? throw new GrpcException(GrpcStatus.Internal, "There was no reply.") { IsLocal = true };
                return await call.ReadAsync(parser, wait.Token) is null ? reply : throw new GrpcException(GrpcStatus.Internal, "There was more than one reply.") { IsLocal = true };
            },
            caller);

    /// <summary>Runs a step of a call and gives its faults in the SDK's words.</summary>
    public async Task<T> GuardAsync<T>(StreamWait wait, Func<Task<T>> step, CancellationToken caller)
    {
        try
        {
            return await step();
        }
        catch (GrpcException exception)
        {
            var error = _errorOf(exception);
            throw error == HybridError.TargetUnavailable
                ? Unavailable(exception.Message, exception)
                : new HybridException(error, $"Pool '{Name}': {exception.Message}", exception) { RetryAfter = exception.RetryAfter };
        }
        catch (OperationCanceledException exception) when (!caller.IsCancellationRequested)
        {
            if (_disposed.IsCancellationRequested)
                throw Unavailable("it was disposed");
            throw wait.DeadlinePassed
                ? new HybridException(HybridError.DeadlineExceeded, $"The deadline passed while pool '{Name}' answered. What was delivered stands.")
                : Unavailable(wait.Missed(exception), exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or SocketException or ObjectDisposedException) // the socket's own: reset while HTTP/2 begins
        {
            throw Unavailable(exception.Message, exception);
        }
    }

    /// <summary>The error of a pool that failed; its state says so from now on.</summary>
    public HybridException Unavailable(string reason, Exception? inner = null)
    {
        Failed(reason);
        return new(HybridError.TargetUnavailable, $"Pool '{Name}' at {_options.Endpoint.Scheme}://{_options.Endpoint.Authority} failed: {reason.TrimEnd('.')}. What was delivered stands.", inner)
        {
            RetryAfter = (inner as GrpcException)?.RetryAfter,
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        _client?.Dispose();
    }
}
