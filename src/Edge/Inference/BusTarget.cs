using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;
using Hybrid.Edge.Fleet;
using Hybrid.Edge.Mqtt;
using Hybrid.Targets;

namespace Hybrid.Edge.Inference;

/// <summary>A gateway on the bus as a target: for a device that holds no model, or a smaller one.</summary>
/// <remarks>Thread-safe. It starts each answer afresh: it can take over a request of which nothing was delivered, no other.</remarks>
public sealed class BusTarget : ITarget, INetworkTarget
{
    // A gateway that nobody heard of in this while is asked again; shorter, and each request would try it in vain.
    private static readonly TimeSpan UnheardFor = TimeSpan.FromSeconds(30);

    private readonly IMqttClient _bus;
    private readonly BusTargetOptions _options;
    private readonly ConcurrentDictionary<string, Asked> _open = new();
    private readonly SemaphoreSlim _subscribing = new(1, 1);
    private readonly CancellationTokenSource _disposed = new();
    private readonly List<IAsyncDisposable> _subscriptions = [];
    private long _unheardUntil;
    private volatile bool _gone;
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

    /// <summary>Whether the broker can be reached, and the gateway where it is a device of a fleet; how it is, its answers tell.</summary>
    public TargetState State => !_bus.Connection.IsConnected ? new(TargetReadiness.Unavailable, $"no connection to the broker: {_bus.Connection.Why}")
        : _gone ? new(TargetReadiness.Unavailable, "its gateway is not connected to the broker")
        : Interlocked.Read(ref _unheardUntil) > _options.TimeProvider.GetUtcNow().Ticks ? new(TargetReadiness.Unavailable, "no gateway took the last request")
        : _answered ? TargetState.Warm : new(TargetReadiness.Unknown, "not asked yet");

    /// <inheritdoc />
    public bool NeedsNetwork => true;

    /// <summary>Asks the broker whether the gateway is connected; the gateway itself is not asked.</summary>
    public async ValueTask<bool?> ProbeAsync(CancellationToken cancellationToken = default)
    {
        if (_bus.Connection.IsConnected) await SubscribeAsync(cancellationToken);
        return _bus.Connection.IsConnected;
    }

    /// <summary>Returns at once: the gateway wakes what it needs itself.</summary>
    public ValueTask WarmAsync(CancellationToken cancellationToken = default) => default;

    /// <inheritdoc />
    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        var (id, payload, left) = (Guid.NewGuid().ToString("N"), Check(request, out var time), time);
        await SubscribeAsync(cancellationToken);
        var asked = _open[id] = new();
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposed.Token);
        using var silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _options.TimeProvider);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(wait.Token, silence.Token);
        var running = false;
        try
        {
            if (_gone) throw Unavailable("its gateway is not connected to the broker. Nothing was sent");
            running = true;
            silence.CancelAfter(Least(_options.FirstUpdateTimeout, left));
            var taken = await GuardAsync(() => _bus.PublishAsync(Message(InferTopics.Requests(_options.Fleet, _options.Device), id, payload, left), any.Token), cancellationToken);
            if (taken.Reason is MqttReasonCode.NoMatchingSubscribers)
            {
                running = false;
                Interlocked.Exchange(ref _unheardUntil, (_options.TimeProvider.GetUtcNow() + UnheardFor).Ticks);
                throw Unavailable("no gateway listens for it, and the broker dropped the request");
            }

            var reader = new ReplyReader(Descriptor.Name);
            while (running)
            {
                var message = await GuardAsync(async () => await asked.Replies.Reader.ReadAsync(any.Token), cancellationToken);
                silence.CancelAfter(_options.IdleTimeout);
                _answered = asked.Begun = true;
                Interlocked.Exchange(ref _unheardUntil, 0);
                foreach (var update in reader.Read(message))
                {
                    running = update.Completion is null;
                    yield return update;
                }
            }
        }
        finally
        {
            _open.TryRemove(id, out _);
            if (running) _ = CancelQuietlyAsync(id);
        }
    }

    /// <summary>Ends the running answers with an error.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed.IsCancellationRequested) return;
        await _disposed.CancelAsync();
        foreach (var one in _subscriptions) await one.DisposeAsync();
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
        await _subscribing.WaitAsync(cancellationToken);
        try
        {
            if (_subscriptions.Count > 0) return;
            var presence = await PresenceAsync(cancellationToken);
            _subscriptions.Add(await _bus.SubscribeAsync(new(InferTopics.Replies(_options.Fleet, _options.ReplyName)), OnReply, cancellationToken));
            if (presence is not null) _subscriptions.Add(presence);
        }
        finally
        {
            _subscribing.Release();
        }
    }

    private async Task<IAsyncDisposable?> PresenceAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _bus.SubscribeAsync(new(new FleetTopics(_options.Fleet, _options.Device).Presence), OnPresence, cancellationToken);
        }
        catch (HybridException refused) when (refused.Error == HybridError.Bus)
        {
            return null; // The broker may keep it from us; then the gateway's answers tell.
        }
    }

    private ValueTask OnReply(MqttMessage message, CancellationToken cancellationToken)
    {
        // Nobody waits any more for what is not open: a second end, or an answer that was given up.
        if (_open.TryGetValue(System.Text.Encoding.ASCII.GetString(message.CorrelationData.Span), out var asked)) asked.Replies.Writer.TryWrite(message.Payload.ToArray());
        return default;
    }

    /// <summary>A gateway that left answers nobody soon; an answer that has begun is waited for, since a line that was cut comes back.</summary>
    private ValueTask OnPresence(MqttMessage message, CancellationToken cancellationToken)
    {
        _gone = IsAway(message.Payload.Span);
        if (!_gone) return default;
        foreach (var asked in _open.Values.Where(asked => !asked.Begun)) asked.Replies.Writer.TryComplete();
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
            throw Unavailable($"{why}. What was delivered stands", silent);
        }
        catch (ChannelClosedException closed)
        {
            throw Unavailable("its gateway left the broker before it answered", closed);
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

    private HybridException Unavailable(string why, Exception? cause = null) => new(HybridError.TargetUnavailable, $"Target '{Descriptor.Name}' failed: {why}.", cause);

    private static bool IsAway(ReadOnlySpan<byte> presence)
    {
        try
        {
            return presence.Length > 0 && JsonSerializer.Deserialize(presence, FleetJson.Default.DevicePresence) is { Online: false };
        }
        catch (JsonException)
        {
            return false; // not of a device of this version; its answers tell
        }
    }

    private static TimeSpan Least(TimeSpan one, TimeSpan? other) => other < one ? other.Value : one;

    /// <summary>A request whose answer is waited for.</summary>
    private sealed class Asked
    {
        private volatile bool _begun;

        public Channel<ReadOnlyMemory<byte>> Replies { get; } = Channel.CreateUnbounded<ReadOnlyMemory<byte>>(new() { SingleReader = true });

        public bool Begun
        {
            get => _begun;
            set => _begun = value;
        }
    }
}
