using Hybrid.Edge.Mqtt;
using Microsoft.Extensions.Logging;

namespace Hybrid.Edge.Outbox;

/// <summary>Brings the records to a broker at QoS 1, several at a time, those of one topic in order.</summary>
internal sealed class OutboxSender(OutboxStore store, IMqttClient client, OutboxOptions options, TimeProvider time, Func<double> draw, ILogger logger)
{
    private static readonly TimeSpan MarkEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CleanEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(1);
    private readonly OutboxConfirmations? _confirmations = options.ConfirmTopic is null ? null : new(store, client, options, time, logger);
    private int _underWay;

    /// <summary>Sends until it is cancelled; returns when nothing is under way any more.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        client.ConnectionChanged += Wake;
        try
        {
            var cleanedAt = store.Elapsed;
            while (!cancellationToken.IsCancellationRequested)
            {
                var wakeAt = store.Elapsed + (long)CleanEvery.TotalMilliseconds;
                // Without a connection nothing is handed over: it could still expire, or go for what matters more.
                if (client.Connection.IsConnected && _confirmations?.AreHeard(cancellationToken) != false)
                {
                    foreach (var sending in store.Take(options.MaxInFlight - Volatile.Read(ref _underWay), ref wakeAt))
                    {
                        Interlocked.Increment(ref _underWay);
                        _ = SendAsync(sending, cancellationToken);
                    }
                }

                if (_confirmations is not null) wakeAt = Math.Min(wakeAt, store.SendLateAgain());
                var unmarked = store.Unmarked > 0;
                if (store.MarksAreDue || store.Elapsed - cleanedAt >= (unmarked ? MarkEvery : CleanEvery).TotalMilliseconds)
                {
                    store.Clean();
                    cleanedAt = store.Elapsed;
                    unmarked = false;
                }

                if (unmarked) wakeAt = Math.Min(wakeAt, cleanedAt + (long)MarkEvery.TotalMilliseconds);
                await store.Work.WaitAsync(TimeSpan.FromMilliseconds(Math.Max(1, wakeAt - store.Elapsed)), time, cancellationToken);
            }
        }
        finally
        {
            client.ConnectionChanged -= Wake;
            if (_confirmations is not null) await _confirmations.EndAsync();
            while (Volatile.Read(ref _underWay) > 0) await store.Work.WaitAsync(CleanEvery, time, CancellationToken.None);
            store.Clean();
        }
    }

    private void Wake(object? sender, EventArgs arguments)
    {
        _confirmations?.Look();
        store.Work.Set();
    }

    private async Task SendAsync(SendingRecord sending, CancellationToken cancellationToken)
    {
        var (waiting, record, _) = sending;
        try
        {
            var published = await client.PublishAsync(MessageOf(sending), cancellationToken);
            if (_confirmations is not null && published.Reason is MqttReasonCode.NoMatchingSubscribers) OutboxLog.NobodyListens(logger, record.Message.Topic, store.Refused(waiting, DelayAfter));
            else store.Sent(waiting);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            store.Returned(waiting);
        }
        catch (Exception refusal)
        {
            OutboxLog.Refused(logger, record.Message.Topic, refusal.Message, store.Refused(waiting, DelayAfter));
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
            store.Work.Set();
        }
    }

    private MqttMessage MessageOf(SendingRecord sending) => new()
    {
        Topic = sending.Record.Message.Topic,
        Payload = sending.Record.Message.Payload,
        Qos = MqttQos.AtLeastOnce,
        Retain = sending.Record.Message.Retain,
        ContentType = sending.Record.Message.ContentType,
        ResponseTopic = options.ConfirmTopic,
        Expiry = TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling((sending.Waiting.Expires - time.GetUtcNow().ToUnixTimeMilliseconds()) / 1000d), 1, uint.MaxValue - 1)),
        UserProperties = sending.After is { } after ? [Property(RecordId.Property, sending.Record.Number), Property(RecordId.AfterProperty, after)] : [Property(RecordId.Property, sending.Record.Number)],
    };

    private KeyValuePair<string, string> Property(string name, long number) => new(name, new RecordId(options.Source, number).ToString());

    /// <summary>Full jitter up to twice as long each time, a minute at most.</summary>
    private TimeSpan DelayAfter(int refusals) =>
        TimeSpan.FromSeconds(Math.Max(0.1, draw() * Math.Min(LongestDelay.TotalSeconds, Math.Pow(2, Math.Min(refusals, 16)))));
}
