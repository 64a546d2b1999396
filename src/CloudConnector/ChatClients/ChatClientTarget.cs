using System.Runtime.CompilerServices;
using Hybrid.CloudConnector.Pools;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.CloudConnector.ChatClients;

/// <summary>Any <see cref="IChatClient"/> as a target: a hosted API through its own package, or a client of the app's own.</summary>
/// <remarks>
/// <para>As thread-safe as the client. It is taken to do what its descriptor says: tools, JSON, and
/// <see cref="TargetCapabilities.Continuation"/> only where it goes on from a last message of the assistant; one that starts over is
/// recognised by the stream and not shown.</para>
/// <para>Every exception of the client becomes a <see cref="HybridException"/> with the client's as its inner one. A client that
/// ignores its cancelling is left behind.</para>
/// </remarks>
public sealed class ChatClientTarget : ITarget, INetworkTarget
{
    private readonly IChatClient _client;
    private readonly ChatClientTargetOptions _options;
    private readonly TimeProvider _time;
    private readonly ChatCallWriter _writer;
    private readonly CancellationTokenSource _disposed = new();
    private volatile TargetState _state = new(TargetReadiness.Unknown, "not asked yet");
    private long _failedAt;

    /// <summary>Makes the target; sends nothing.</summary>
    /// <exception cref="HybridException">A time of the options is out of range (<see cref="HybridError.Configuration"/>).</exception>
    public ChatClientTarget(TargetDescriptor descriptor, IChatClient client, ChatClientTargetOptions? options = null, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        ArgumentNullException.ThrowIfNull(client);
        (Descriptor, _client, _options, _time) = (descriptor, client, options ?? new(), timeProvider ?? TimeProvider.System);
        _options.Validate(descriptor.Name);
        _writer = new(descriptor);
    }

    /// <inheritdoc />
    public TargetDescriptor Descriptor { get; }

    /// <summary>As last seen; nobody is asked for it. A failure counts for <see cref="ChatClientTargetOptions.RetryAfter"/>.</summary>
    public TargetState State => _state is { Readiness: TargetReadiness.Unavailable } && _time.GetElapsedTime(Volatile.Read(ref _failedAt)) >= _options.RetryAfter
        ? new(TargetReadiness.Unknown, "failed a while ago and not asked since")
        : _state;

    /// <inheritdoc />
    public bool NeedsNetwork => _options.NeedsNetwork;

    /// <summary>Returns at once: a chat client knows of no warming.</summary>
    public ValueTask WarmAsync(CancellationToken cancellationToken = default) => default;

    /// <inheritdoc />
    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        var now = _time.GetUtcNow();
        if (request.Deadline <= now)
            throw new HybridException(HybridError.DeadlineExceeded, $"The deadline passed before target '{Descriptor.Name}' was asked. Nothing was sent.");
        if (!Descriptor.Zone.Admits(request.Privacy))
            throw new HybridException(HybridError.NoTargetAllowed, $"Target '{Descriptor.Name}' is in zone '{Descriptor.Zone}', which may not see a request of class {request.Privacy}. Nothing was sent.");
        var (messages, options) = _writer.Write(request);
        using var wait = new StreamWait(request.Deadline - now, _time, cancellationToken, _disposed.Token);
        wait.Allow(_options.FirstUpdateTimeout);
        var answer = new ChatAnswer(request, Descriptor, _options.ReportsFinish);
        await using var updates = new ClientStream(
            token =>
            {
                _options.OnOptions?.Invoke(new(options, request));
                return _client.GetStreamingResponseAsync(messages, options, token);
            },
            wait.Token);
        while (!answer.Stopped && await GuardAsync(wait, updates.NextAsync, cancellationToken) is { } update)
        {
            if (_state.Readiness != TargetReadiness.Warm)
                _state = TargetState.Warm;
            wait.Allow(Timeout.InfiniteTimeSpan); // The silence that counts is the client's, not the reader's.
            foreach (var piece in Checked(() => answer.Take(update)))
                yield return piece;
            wait.Allow(_options.IdleTimeout);
        }

        yield return Checked(answer.End);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        if (_options.OwnsClient)
            _client.Dispose();
    }

    private async ValueTask<ChatResponseUpdate?> GuardAsync(StreamWait wait, Func<ValueTask<ChatResponseUpdate?>> next, CancellationToken caller)
    {
        try
        {
            return await next();
        }
        catch (OperationCanceledException) when (caller.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException) when (wait.DeadlinePassed)
        {
            throw new HybridException(HybridError.DeadlineExceeded, $"The deadline passed while target '{Descriptor.Name}' answered. What was delivered stands.");
        }
        catch (OperationCanceledException exception) when (wait.Token.IsCancellationRequested)
        {
            var why = _disposed.IsCancellationRequested ? "it was disposed" : $"nothing came for {wait.Allowed.TotalSeconds:0.###} s";
            throw Failed(new(HybridError.TargetUnavailable, $"Target '{Descriptor.Name}' failed: {why}. What was delivered stands.", exception));
        }
        catch (Exception exception)
        {
            caller.ThrowIfCancellationRequested(); // whatever a client throws when it is cancelled
            throw Failed(ChatFaults.Of(exception, Descriptor.Name, _options.OnFault));
        }
    }

    private T Checked<T>(Func<T> step)
    {
        try
        {
            return step();
        }
        catch (HybridException exception)
        {
            throw Failed(exception);
        }
    }

    /// <summary>Keeps in mind what is the target's own trouble.</summary>
    private HybridException Failed(HybridException exception)
    {
        if (exception.Error is not (HybridError.TargetUnavailable or HybridError.Unauthorized))
            return exception;
        Volatile.Write(ref _failedAt, _time.GetTimestamp());
        _state = new(TargetReadiness.Unavailable, exception.Message);
        return exception;
    }
}
