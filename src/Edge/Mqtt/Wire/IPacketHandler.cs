using System.Buffers;
using Hybrid.Edge.Mqtt.Packets;

namespace Hybrid.Edge.Mqtt.Wire;

/// <summary>What a link hands its packets to, one at a time.</summary>
internal interface IPacketHandler
{
    /// <summary>Takes a packet, whose bytes are gone afterwards.</summary>
    /// <exception cref="PacketException">The broker broke the protocol.</exception>
    void Handle(Link link, PacketType type, int flags, in ReadOnlySequence<byte> body);

    /// <summary>Waits while more messages are held than memory is meant for.</summary>
    ValueTask WaitForRoomAsync(CancellationToken cancellationToken);

    /// <summary>The link can take more messages again.</summary>
    void Drained();
}
