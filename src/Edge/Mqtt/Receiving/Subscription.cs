namespace Hybrid.Edge.Mqtt.Receiving;

/// <summary>What a caller disposes to end a subscription.</summary>
internal sealed class Subscription(Subscriptions all, Filter filter, Subscriber subscriber) : IAsyncDisposable
{
    public Filter Filter => filter;

    public ValueTask DisposeAsync()
    {
        all.Remove(filter, subscriber);
        return ValueTask.CompletedTask;
    }
}
