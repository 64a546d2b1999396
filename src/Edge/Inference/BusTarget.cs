using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Hybrid.Edge.Mqtt;
using Hybrid.Targets;

namespace Hybrid.Edge.Inference;

/// <summary>A gateway on the bus as a target: for a device that holds no model, or a smaller one.</summary>
/// <remarks>Thread-safe. It starts each answer afresh: it can take over a request of which nothing was delivered, no other.</remarks>
public sealed class BusTarget : ITarget, INetworkTarget
{
    private readonly IMqttClient _bus;
    private readonly BusTargetOptions _options;
    private readonly ConcurrentDictionary<string, Channel<ReadOnlyMemory<byte>>> _open = new();
    private readonly SemaphoreSlim _subscribing = new(1, 1);
    private readonly CancellationTokenSource _disposed = new();
    private IAsyncDisposable? _subscription;
    private volatile bool _answered;

    /// <summary>Makes the target; sends nothing.</summary>
    /// <param name="bus">A client of the broker that somebody starts; not disposed.</param>
    /// <param name="options">Which gateway.</param>
    public BusTarget(IMqttClient bus, BusTargetOptions options)
    {
        ArgumentNullException.ThrowIfNull(bus);
        ArgumentNullException.ThrowIfNull(options);
        (_bus, _options) = (bus, options);
        Descriptor = options.Descriptor with { Capabilities = options.Descriptor.Capabilities & ~(TargetCapabilities.Continuation | TargetCapabilities.Tokens | TargetCapabilities.Text | TargetCapabilities.LogProbabilities) };
    }

    /// <inheritdoc />
    public TargetDescriptor Descriptor { get; }

    /// <summary>Whether the broker can be reached; how the gateway is, its answers tell.</summary>
    public TargetState State => !_bus.Connection.IsConnected ? new(TargetReadiness.Unavailable, $"no connection to the broker: {_bus.Connection.Why}")
        : _answered ? TargetState.Warm : new(TargetReadiness.Unknown, "not asked yet");

    /// <inheritdoc />
    public bool NeedsNetwork => true;

    /// <inheritdoc />
    public ValueTask<bool?> ProbeAsync(CancellationToken cancellationToken = default) => new(_bus.Connection.IsConnected);

    /// <summary>Returns at once: the gateway wakes what it needs itself.</summary>
    public ValueTask WarmAsync(CancellationToken cancellationToken = default) => default;

    /// <inheritdoc />
    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        var (id, payload, left) = (Guid.NewGuid().ToString("N"), Check(request, out var time), time);
        await SubscribeAsync(cancellationToken);
        var replies = Channel.CreateUnbounded<ReadOnlyMemory<byte>>(new() { SingleReader = true });
        _open[id] = replies;
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposed.Token);
        using var silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _options.TimeProvider);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(wait.Token, silence.Token);
        var ended = false;
        try
        {
            silence.CancelAfter(Least(_options.FirstUpdateTimeout, left));
            await GuardAsync(async () => (await _bus.PublishAsync(Message(InferTopics.Requests(_options.Fleet, _options.Device), id, payload, left), any.Token)).Reason, cancellationToken);
            var reader = new ReplyReader(Descriptor.Name);
            while (!ended)
            {
                var message = await GuardAsync(async () => await replies.Reader.ReadAsync(any.Token), cancellationToken);
                silence.CancelAfter(_options.IdleTimeout);
                _answered = true;
                foreach (var update in reader.Read(message))
                {
                    ended = update.Completion is not null;
                    yield return update;
                }
            }
        }
        finally
        {
            _open.TryRemove(id, out _);
            if (!ended) _ = CancelQuietlyAsync(id);
        }
    }

    /// <summary>Ends the running answers with an error.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed.IsCancellationRequested) return;
        await _disposed.CancelAsync();
        if (_subscription is not null) await _subscription.DisposeAsync();
        _subscribing.Dispose();
    }

    private byte[] Check(DecodeRequest request, out TimeSpan? left)
    {
        left = request.Deadline is { } deadline ? deadline - _options.TimeProvider.GetUtcNow() : null;
        if (left <= TimeSpan.Zero) throw new HybridException(HybridError.DeadlineExceeded, $"The deadline passed before target '{Descriptor.Name}' was asked. Nothing was sent.");
        if (!Descriptor.Zone.Admits(request.Privacy))
            throw new HybridException(HybridError.NoTargetAllowed, $"Target '{Descriptor.Name}' is in zone '{Descriptor.Zone}', which may not see a request of class {request.Privacy}. Nothing was sent.");
        if (request.Prompt is not MessagesPrompt chat || request.Continuation.Length > 0 || request.LogProbabilities is not null)
            throw new HybridException(HybridError.InvalidRequest, $"Target '{Descriptor.Name}' takes messages and begins each answer; it goes on from no text and gives no log-probabilities. Nothing was sent.");
        return BusRequestWriter.Write(request, chat, Descriptor.Model, left);
    }

    private async Task SubscribeAsync(CancellationToken cancellationToken)
    {
        if (_subscription is not null) return;
        await _subscribing.WaitAsync(cancellationToken);
        try
        {
            _subscription ??= await _bus.SubscribeAsync(new(InferTopics.Replies(_options.Fleet, _options.ReplyName)), OnReply, cancellationToken);
        }
        finally
        {
            _subscribing.Release();
        }
    }

    private ValueTask OnReply(MqttMessage message, CancellationToken cancellationToken)
    {
        // Nobody waits any more for what is not open: a second end, or an answer that was given up.
        if (_open.TryGetValue(System.Text.Encoding.ASCII.GetString(message.CorrelationData.Span), out var replies)) replies.Writer.TryWrite(message.Payload.ToArray());
        return default;
    }

    private async Task<T> GuardAsync<T>(Func<Task<T>> step, CancellationToken caller)
    {
        try
        {
            return await step();
        }
        catch (OperationCanceledException silent) when (!caller.IsCancellationRequested)
        {
            var why = _disposed.IsCancellationRequested ? "it was disposed" : "nothing came for too long";
            throw new HybridException(HybridError.TargetUnavailable, $"Target '{Descriptor.Name}' failed: {why}. What was delivered stands.", silent);
        }
        catch (HybridException failure) when (failure.Error == HybridError.Bus)
        {
            throw new HybridException(HybridError.TargetUnavailable, $"Target '{Descriptor.Name}' cannot be reached: {failure.Message}", failure);
        }
    }

    private async Task CancelQuietlyAsync(string id)
    {
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10), _options.TimeProvider);
            await _bus.PublishAsync(Message(InferTopics.Cancels(_options.Fleet, _options.Device), id, [], TimeSpan.FromMinutes(1)), limit.Token);
        }
        catch (Exception failure) when (failure is HybridException or OperationCanceledException or ObjectDisposedException)
        {
            // The gateway goes on to its end, and nobody listens.
        }
    }

    private MqttMessage Message(string topic, string id, byte[] payload, TimeSpan? expiry) => new()
    {
        Topic = topic,
        Payload = payload,
        Qos = MqttQos.AtLeastOnce,
        ContentType = "application/json",
        ResponseTopic = InferTopics.Replies(_options.Fleet, _options.ReplyName),
        CorrelationData = System.Text.Encoding.ASCII.GetBytes(id),
        Expiry = expiry is { } left ? TimeSpan.FromSeconds(Math.Ceiling(left.TotalSeconds)) : null,
    };

    private static TimeSpan Least(TimeSpan one, TimeSpan? other) => other < one ? other.Value : one;
}
