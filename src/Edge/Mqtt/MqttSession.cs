using System.Buffers;
using Hybrid.Edge.Mqtt.Packets;
using Hybrid.Edge.Mqtt.Receiving;
using Hybrid.Edge.Mqtt.Sending;
using Hybrid.Edge.Mqtt.Sessions;
using Hybrid.Edge.Mqtt.Wire;
using Hybrid.Storage;
using Microsoft.Extensions.Logging;

namespace Hybrid.Edge.Mqtt;

/// <summary>What outlives a connection: the sending half, the receiving half and the subscriptions.</summary>
internal sealed class MqttSession : IPacketHandler, IDisposable
{
    private readonly SessionFile? _file;

    public MqttSession(MqttClientOptions options, ILogger logger)
    {
        if (options.SessionPath is { } path) _file = SessionFile.Open(path, options.ClientId, logger, Disk.Real);
        Outbound = new(options, _file);
        Inbound = new(options, _file, logger);
    }

    public Outbound Outbound { get; }

    public Inbound Inbound { get; }

    /// <summary>Goes on over a new link, which is not read yet.</summary>
    /// <returns>Ends when the broker has answered all subscriptions: with the first refusal, or null.</returns>
    public Task<HybridException?> Attach(Link link, bool sessionPresent)
    {
        Inbound.Attach(sessionPresent);
        var settled = Inbound.Subscriptions.Attach(link, sessionPresent);
        Outbound.Attach(link, sessionPresent);
        return settled;
    }

    public void Detach()
    {
        Outbound.Detach();
        Inbound.Subscriptions.Detach();
    }

    public void Handle(StreamLink link, PacketType type, int flags, in ReadOnlySequence<byte> body)
    {
        if (type == PacketType.Publish)
        {
            var (message, id) = ReceivedPublish.Read(flags, body, link.Limits.Version, link.Topics);
            Inbound.Take(link, message, id);
            return;
        }

        if (flags != (type == PacketType.PubRel ? 2 : 0)) throw PacketException.Malformed("flags that must not be set");
        Handle(link, type, body.IsSingleSegment ? body.FirstSpan : body.ToArray());
    }

    public void Handle(Link link, MqttMessage message, ushort id) => Inbound.Take(link, message, id);

    public void Handle(Link link, AckPacket ack, string? why)
    {
        if (ack.Type == PacketType.PubRel) Inbound.Take(link, ack);
        else Outbound.Take(link, ack, why);
    }

    public void Handle(PacketType type, GrantPacket grant) => Inbound.Subscriptions.Take(type, grant);

    public ValueTask WaitForRoomAsync(CancellationToken cancellationToken) => Inbound.WaitForRoomAsync(cancellationToken);

    public void Drained() => Outbound.Drained();

    public void Dispose() => _file?.Dispose();

    private void Handle(Link link, PacketType type, ReadOnlySpan<byte> body)
    {
        var version = link.Limits.Version;
        switch (type)
        {
            case PacketType.PubAck or PacketType.PubRec or PacketType.PubComp or PacketType.PubRel:
                Handle(link, AckPacket.Read(type, body, version, out var why), why);
                break;
            case PacketType.SubAck or PacketType.UnsubAck:
                Handle(type, GrantPacket.Read(type, body, version));
                break;
            case PacketType.PingResp:
                if (body.Length > 0) throw PacketException.Malformed("a PINGRESP that is too long");
                break;
            case PacketType.Disconnect:
                var (reason, words) = DisconnectPacket.Read(body, version);
                link.End(MqttFailure.Ended(reason, words), tell: false);
                break;
            default:
                throw PacketException.Protocol($"a packet of type {(int)type}, which is not a broker's to send now");
        }
    }
}
