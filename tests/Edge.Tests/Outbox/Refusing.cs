using Hybrid.Edge.Mqtt;

namespace Hybrid.Edge.Tests.Outbox;

/// <summary>A client whose broker refuses one topic.</summary>
internal sealed class Refusing(IMqttClient inner, string topic) : IMqttClient
{
    public MqttConnection Connection => inner.Connection;

    /// <summary>Whether it still refuses.</summary>
    public bool Refuses { get; set; } = true;

    public event EventHandler? ConnectionChanged
    {
        add => inner.ConnectionChanged += value;
        remove => inner.ConnectionChanged -= value;
    }

    public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken = default) => inner.StopAsync(cancellationToken);

    public Task<MqttPublished> PublishAsync(MqttMessage message, CancellationToken cancellationToken = default) => Refuses && message.Topic == topic
        ? Task.FromException<MqttPublished>(new HybridException(HybridError.Bus, "The broker refused the message."))
        : inner.PublishAsync(message, cancellationToken);

    public Task<IAsyncDisposable> SubscribeAsync(MqttSubscription subscription, Func<MqttMessage, CancellationToken, ValueTask> handler, CancellationToken cancellationToken = default) =>
        inner.SubscribeAsync(subscription, handler, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
