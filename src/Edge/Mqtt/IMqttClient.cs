namespace Hybrid.Edge.Mqtt;

/// <summary>A client of an MQTT broker that stays connected until it is stopped.</summary>
/// <remarks>
/// Thread-safe. Every failure is a <see cref="HybridException"/> of kind <see cref="HybridError.Bus"/>, or of kind
/// <see cref="HybridError.Unauthorized"/> where the broker knows the client and does not let it in.
/// </remarks>
public interface IMqttClient : IAsyncDisposable
{
    /// <summary>What is known of the connection now: an immutable snapshot, swapped whole.</summary>
    MqttConnection Connection { get; }

    /// <summary><see cref="Connection"/> changed; raised one at a time, on any thread, and must not block or throw.</summary>
    event EventHandler? ConnectionChanged;

    /// <summary>Connects, and from then on connects again whenever the connection is lost. Returns with the first connection.</summary>
    /// <remarks>A broker that cannot be reached is tried until <paramref name="cancellationToken"/>; one that refuses for good throws. What was subscribed before is subscribed then.</remarks>
    Task StartAsync(CancellationToken cancellationToken = default);

    /// <summary>Tells the broker that it goes, without its will, and connects no more; does nothing where it was not started.</summary>
    Task StopAsync(CancellationToken cancellationToken = default);

    /// <summary>Publishes a message; returns when the broker has it as its quality of service asks: at most once, when it is written to the connection.</summary>
    /// <remarks>
    /// While there is no connection it waits for one. Cancelled before it was sent it is never sent; cancelled later it may arrive.
    /// Messages of one topic and quality of service arrive in the order in which they were given to the client.
    /// </remarks>
    /// <returns>What the broker said; a refusal throws.</returns>
    Task<MqttPublished> PublishAsync(MqttMessage message, CancellationToken cancellationToken = default);

    /// <summary>Has messages that match a filter handed to <paramref name="handler"/>, one after the other; disposing what it returns ends that.</summary>
    /// <remarks>
    /// May be called before <see cref="StartAsync"/>, which is the way to miss nothing of a kept session: then it returns at once. A message
    /// counts as received, and is acknowledged, when its handler has returned; while it runs, other subscriptions go on. A handler that
    /// throws is logged and its message is not acknowledged until the next connection.
    /// </remarks>
    Task<IAsyncDisposable> SubscribeAsync(
        MqttSubscription subscription, Func<MqttMessage, CancellationToken, ValueTask> handler, CancellationToken cancellationToken = default);
}
