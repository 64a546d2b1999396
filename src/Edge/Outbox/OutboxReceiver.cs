using System.Threading.Channels;
using Hybrid.Edge.Mqtt;

namespace Hybrid.Edge.Outbox;

/// <summary>The other end of outboxes: hands over each record once, those of a topic in order, and confirms it when it was taken.</summary>
/// <remarks>
/// Order holds whatever a broker loses: a record is taken after the one that was sent before it, and comes again where that one is missing.
/// A handler that throws is asked again when the record comes again. What is confirmed is confirmed in groups, up to
/// <see cref="Pause"/> later; a confirmation that is lost has its record come again, which is passed over and confirmed.
/// </remarks>
public sealed class OutboxReceiver : IAsyncDisposable
{
    /// <summary>How long a confirmation waits for others: 100 ms.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly IMqttClient _client;
    private readonly RepeatFilter _filter;
    private readonly Func<MqttMessage, CancellationToken, ValueTask> _handler;
    private readonly TimeProvider _time;
    private readonly Channel<(string Topic, RecordId Id)> _taken = Channel.CreateUnbounded<(string, RecordId)>(new() { SingleReader = true });
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _confirming;
    private IAsyncDisposable? _subscription;

    private OutboxReceiver(IMqttClient client, Func<MqttMessage, CancellationToken, ValueTask> handler, RepeatFilter filter, TimeProvider time)
    {
        (_client, _handler, _filter, _time) = (client, handler, filter, time);
        _confirming = Task.Run(ConfirmAsync);
    }

    /// <summary>Begins to receive; before the client is started, it misses nothing of a kept session.</summary>
    /// <param name="client">From where.</param>
    /// <param name="subscription">Which topics, at quality of service 1 or 2.</param>
    /// <param name="handler">Takes a record; one at a time.</param>
    /// <param name="filter">Knows which were taken; null: one of its own.</param>
    /// <param name="time">The clock of <see cref="Pause"/>; null: the system's.</param>
    /// <param name="cancellationToken">Ends the wait for the broker.</param>
    /// <exception cref="HybridException">The broker refuses the subscription.</exception>
    public static async Task<OutboxReceiver> StartAsync(
        IMqttClient client, MqttSubscription subscription, Func<MqttMessage, CancellationToken, ValueTask> handler, RepeatFilter? filter = null, TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(handler);
        var receiver = new OutboxReceiver(client, handler, filter ?? new(), time ?? TimeProvider.System);
        try
        {
            receiver._subscription = await client.SubscribeAsync(subscription, receiver.TakeAsync, cancellationToken);
            return receiver;
        }
        catch
        {
            await receiver.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the subscription; what was not confirmed yet comes again to the next receiver.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_subscription is not null) await _subscription.DisposeAsync();
        await _ended.CancelAsync();
        await _confirming;
        _ended.Dispose();
    }

    private async ValueTask TakeAsync(MqttMessage message, CancellationToken cancellationToken)
    {
        // What was lost before it comes again first, and this one after it.
        if (RecordId.Before(message) is { } before && !_filter.Knows(before)) return;
        var id = RecordId.Of(message);
        if (id is not { } known || _filter.IsNew(known))
        {
            try
            {
                await _handler(message, cancellationToken);
            }
            catch
            {
                if (id is { } failed) _filter.Forget(failed);
                throw;
            }
        }

        if (id is { } taken && message.ResponseTopic is { } topic) _taken.Writer.TryWrite((topic, taken));
    }

    private async Task ConfirmAsync()
    {
        try
        {
            while (await _taken.Reader.WaitToReadAsync(_ended.Token))
            {
                await Task.Delay(Pause, _time, _ended.Token);
                List<(string Topic, RecordId Id)> all = [];
                while (_taken.Reader.TryRead(out var one)) all.Add(one);
                foreach (var topic in all.GroupBy(one => one.Topic, one => one.Id))
                    foreach (var some in topic.Chunk(OutboxConfirmation.Most)) await ConfirmAsync(topic.Key, some);
            }
        }
        catch (OperationCanceledException)
        {
            // It was ended.
        }
    }

    private async Task ConfirmAsync(string topic, RecordId[] ids)
    {
        try
        {
            await _client.PublishAsync(new() { Topic = topic, Payload = OutboxConfirmation.Write(ids), ContentType = "application/json", Qos = MqttQos.AtLeastOnce }, _ended.Token);
        }
        catch (HybridException)
        {
            // They come again, and are confirmed then.
        }
    }
}
