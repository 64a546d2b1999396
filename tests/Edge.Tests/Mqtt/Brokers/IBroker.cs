namespace Hybrid.Edge.Tests.Mqtt.Brokers;

/// <summary>A real broker in a process of its own.</summary>
public interface IBroker : IAsyncDisposable
{
    Uri Endpoint { get; }
}
