using Hybrid.Edge.Mqtt.Packets;

namespace Hybrid.Edge.Mqtt.Wire;

/// <summary>Opens a link and greets the broker.</summary>
/// <exception cref="MqttFault">There is no connection.</exception>
internal delegate Task<(Link Link, Greeting Answer)> LinkOpener(ConnectPacket hello, CancellationToken cancellationToken);

/// <summary>One connection to a broker, from its first packet to its last.</summary>
internal abstract class Link : IAsyncDisposable
{
    /// <summary>What the broker can do; known once it has answered.</summary>
    public BrokerLimits Limits { get; protected set; } = null!;

    /// <summary>Messages received here that will not be answered, for their handlers failed.</summary>
    public int Failed { get; set; }

    /// <summary>Whether messages should wait; if so, the handler is told when not.</summary>
    public abstract bool IsFull { get; }

    /// <summary>Writes a packet; false where the connection is gone, and with it the packet.</summary>
    public abstract bool Write<T>(T packet) where T : IPacket;

    /// <summary>Writes a message, with a short number in place of its topic where that is agreed.</summary>
    public abstract bool Publish(MqttMessage message, ushort id, bool again, uint? expiry);

    /// <summary>Ends the connection; the first reason counts.</summary>
    /// <param name="failure">Why.</param>
    /// <param name="tell">Whether the broker is told the reason.</param>
    public abstract void End(MqttFailure failure, bool tell);

    /// <summary>Reads and writes until the connection ends, and says why it did.</summary>
    /// <param name="handler">Takes the packets.</param>
    /// <param name="forget">Whether the broker forgets the session when the client goes in order.</param>
    public abstract Task<MqttFailure> RunAsync(IPacketHandler handler, bool forget);

    /// <summary>Ends a connection that was never used.</summary>
    public abstract Task SayGoodbyeAsync(CancellationToken cancellationToken);

    /// <inheritdoc />
    public abstract ValueTask DisposeAsync();
}
