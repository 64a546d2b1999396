using System.Buffers;
using Hybrid.Edge.Mqtt.Packets;

namespace Hybrid.Edge.Mqtt.Wire;

/// <summary>What a link hands its packets to, one at a time.</summary>
internal interface IPacketHandler
{
    /// <summary>Takes a packet, whose bytes are gone afterwards.</summary>
    /// <exception cref="PacketException">The broker broke the protocol.</exception>
    void Handle(StreamLink link, PacketType type, int flags, in ReadOnlySequence<byte> body);

    /// <summary>Takes a message and its number, 0 at most once.</summary>
    /// <exception cref="PacketException">The broker broke the protocol.</exception>
    void Handle(Link link, MqttMessage message, ushort id);

    /// <summary>Takes one of the packets that a message in flight goes on with, and what the broker says of it.</summary>
    /// <exception cref="PacketException">The broker broke the protocol.</exception>
    void Handle(Link link, AckPacket ack, string? why);

    /// <summary>Takes a SUBACK or UNSUBACK.</summary>
    /// <exception cref="PacketException">The broker broke the protocol.</exception>
    void Handle(PacketType type, GrantPacket grant);

    /// <summary>Waits while more messages are held than memory is meant for.</summary>
    ValueTask WaitForRoomAsync(CancellationToken cancellationToken);

    /// <summary>The link can take more messages again.</summary>
    void Drained();
}
