using Microsoft.Extensions.Logging;

namespace Hybrid.Edge.Mqtt.Receiving;

/// <summary>One handler with the messages that wait for it; it gets them one after the other.</summary>
/// <param name="wanted">What it subscribed to.</param>
/// <param name="handler">What takes a message.</param>
/// <param name="inbound">Is told when a message was handled, and gives the token that ends with the client.</param>
internal sealed class Subscriber(MqttSubscription wanted, Func<MqttMessage, CancellationToken, ValueTask> handler, Inbound inbound) : IThreadPoolWorkItem
{
    private readonly Lock _lock = new();
    private readonly Queue<Delivery> _sure = [];
    private readonly Queue<Delivery> _loose = []; // those that may get lost
    private long _order;
    private long _looseBytes;
    private long _dropped;
    private bool _running;
    private bool _ended;

    public MqttSubscription Wanted => wanted;

    /// <summary>Takes a message into its queue.</summary>
    public void Take(MqttMessage message, Received? received)
    {
        lock (_lock)
        {
            if (received is not null) _sure.Enqueue(new(message, received, ++_order));
            else if (!_ended) Queue(message);
            if (_running) return;
            _running = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Hands nothing to the handler any more; what still waits counts as handled.</summary>
    public void End()
    {
        lock (_lock)
        {
            _ended = true;
            _loose.Clear();
            _looseBytes = 0;
        }
    }

    void IThreadPoolWorkItem.Execute() => _ = RunAsync();

    private async Task RunAsync()
    {
        while (TryNext(out var delivery, out var ended))
        {
            var handled = ended || await HandleAsync(delivery.Message);
            if (delivery.Received is { } received) inbound.Handled(received, delivery.Message, handled);
        }
    }

    private async ValueTask<bool> HandleAsync(MqttMessage message)
    {
        var stopping = inbound.Stopping;
        try
        {
            await handler(message, stopping);
            return true;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception failure)
        {
            MqttLog.HandlerFailed(inbound.Logger, wanted.Filter, message.Topic, failure);
            return false;
        }
    }

    private void Queue(MqttMessage message)
    {
        _loose.Enqueue(new(message, null, ++_order));
        _looseBytes += message.Payload.Length;
        while (_loose.Count > inbound.Options.QueueLimit || (_looseBytes > inbound.Options.MaximumPacketSize && _loose.Count > 1))
        {
            _looseBytes -= _loose.Dequeue().Message.Payload.Length;
            inbound.CountDropped();

            // The first one is told at once, then ever fewer of them.
            if (long.IsPow2(++_dropped)) MqttLog.Dropped(inbound.Logger, wanted.Filter, _dropped);
        }
    }

    private bool TryNext(out Delivery delivery, out bool ended)
    {
        lock (_lock)
        {
            ended = _ended;
            var loose = _loose.TryPeek(out delivery) && (!_sure.TryPeek(out var sure) || delivery.Order < sure.Order);
            if (loose)
            {
                _loose.Dequeue();
                _looseBytes -= delivery.Message.Payload.Length;
                return true;
            }

            return _running = _sure.TryDequeue(out delivery);
        }
    }
}
