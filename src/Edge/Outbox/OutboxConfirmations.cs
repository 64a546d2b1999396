using Hybrid.Edge.Mqtt;
using Microsoft.Extensions.Logging;

namespace Hybrid.Edge.Outbox;

/// <summary>Hears from receivers which records they have, and has those sent again that a lost connection may have cost.</summary>
internal sealed class OutboxConfirmations(OutboxStore store, IMqttClient client, OutboxOptions options, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan TryEvery = TimeSpan.FromSeconds(10);
    private Task<IAsyncDisposable>? _subscribing;
    private long _triedAt;
    private MqttConnection? _connection;

    /// <summary>Whether what receivers say is heard; asked until it is so, each time it tries.</summary>
    public bool AreHeard(CancellationToken cancellationToken)
    {
        if (_subscribing is { IsCompletedSuccessfully: true }) return true;
        if (_subscribing is { IsCompleted: false }) return false;
        if (_subscribing is { IsFaulted: true } && time.GetElapsedTime(_triedAt) < TryEvery) return false;
        _triedAt = time.GetTimestamp();
        _subscribing = SubscribeAsync(cancellationToken);
        _ = WakeAsync(_subscribing);
        return _subscribing.IsCompletedSuccessfully;
    }

    /// <summary>Looks whether this is another connection: the broker at its other end may not know what the last one acknowledged.</summary>
    public void Look()
    {
        var connection = client.Connection;
        if (!ReferenceEquals(Interlocked.Exchange(ref _connection, connection), connection) && connection.IsConnected) store.SendAgain(); // two connections may look alike
    }

    public async Task EndAsync()
    {
        try
        {
            if (_subscribing is not null) await (await _subscribing).DisposeAsync();
        }
        catch (Exception exception) when (exception is HybridException or OperationCanceledException)
        {
            // There is nothing to end.
        }

        _subscribing = null;
    }

    private async Task<IAsyncDisposable> SubscribeAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await client.SubscribeAsync(new(options.ConfirmTopic!), TakeAsync, cancellationToken);
        }
        catch (HybridException refusal)
        {
            OutboxLog.NotHeard(logger, refusal.Message);
            throw;
        }
    }

    private async Task WakeAsync(Task subscribed)
    {
        await subscribed.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        store.Work.Set();
    }

    private ValueTask TakeAsync(MqttMessage message, CancellationToken cancellationToken)
    {
        if (OutboxConfirmation.Read(message.Payload.Span) is { } ids) store.Confirmed(ids.Where(id => id.Source == options.Source).Select(id => id.Number));
        else OutboxLog.NotUnderstood(logger);
        store.Work.Set();
        return ValueTask.CompletedTask;
    }
}
