using Hybrid.Edge.Mqtt;
using Microsoft.Extensions.Logging;

namespace Hybrid.Edge.Outbox;

/// <summary>Brings the records to a broker at QoS 1, several at a time, those of one topic in order.</summary>
internal sealed class OutboxSender(OutboxStore store, IMqttClient client, OutboxOptions options, TimeProvider time, Func<double> draw, ILogger logger)
{
    private static readonly TimeSpan MarkEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CleanEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(1);
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
                if (client.Connection.IsConnected)
                {
                    foreach (var (waiting, record) in store.Take(options.MaxInFlight - Volatile.Read(ref _underWay), ref wakeAt))
                    {
                        Interlocked.Increment(ref _underWay);
                        _ = SendAsync(waiting, record, cancellationToken);
                    }
                }

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
            while (Volatile.Read(ref _underWay) > 0) await store.Work.WaitAsync(CleanEvery, time, CancellationToken.None);
            store.Clean();
        }
    }

    private void Wake(object? sender, EventArgs arguments) => store.Work.Set();

    private async Task SendAsync(WaitingRecord waiting, LogRecord record, CancellationToken cancellationToken)
    {
        try
        {
            await client.PublishAsync(MessageOf(waiting, record), cancellationToken);
            store.Sent(waiting);
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

    private MqttMessage MessageOf(WaitingRecord waiting, LogRecord record) => new()
    {
        Topic = record.Message.Topic,
        Payload = record.Message.Payload,
        Qos = MqttQos.AtLeastOnce,
        Retain = record.Message.Retain,
        ContentType = record.Message.ContentType,
        Expiry = TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling((waiting.Expires - time.GetUtcNow().ToUnixTimeMilliseconds()) / 1000d), 1, uint.MaxValue - 1)),
        UserProperties = [new(RecordId.Property, new RecordId(options.Source, record.Number).ToString())],
    };

    /// <summary>Full jitter up to twice as long each time, a minute at most.</summary>
    private TimeSpan DelayAfter(int refusals) =>
        TimeSpan.FromSeconds(Math.Max(0.1, draw() * Math.Min(LongestDelay.TotalSeconds, Math.Pow(2, Math.Min(refusals, 16)))));
}
