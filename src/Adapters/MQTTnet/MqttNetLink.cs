using System.Threading.Channels;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Mqtt.Packets;
using Hybrid.Edge.Mqtt.Wire;
using MQTTnet.Exceptions;
using MQTTnet.LowLevelClient;
using MQTTnet.Packets;
using MqttClientOptions = Hybrid.Edge.Mqtt.MqttClientOptions;

namespace Hybrid.Adapters.MqttNet;

/// <summary>A link over one connection of MQTTnet's, which takes one packet at a time.</summary>
internal sealed class MqttNetLink : Link
{
    private const long High = 1 << 20; // bytes: more messages wait
    private const long Low = 1 << 18; // bytes: more messages are asked for
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    private readonly ILowLevelMqttClient _client;
    private readonly MqttClientOptions _options;
    private readonly LinkClock _clock;
    private readonly Channel<(MqttPacket Packet, int Size)> _output = Channel.CreateUnbounded<(MqttPacket, int)>(new() { SingleReader = true });
    private readonly CancellationTokenSource _cut = new();
    private readonly TaskCompletionSource<(MqttFailure Failure, bool Tell)> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _pending;
    private int _wasFull;

    public MqttNetLink(ILowLevelMqttClient client, MqttClientOptions options)
    {
        (_client, _options) = (client, options);
        _clock = new(this, options);
    }

    /// <inheritdoc />
    public override bool IsFull
    {
        get
        {
            if (Interlocked.Read(ref _pending) < High) return false;
            Interlocked.Exchange(ref _wasFull, 1);
            return Interlocked.Read(ref _pending) >= High;
        }
    }

    /// <summary>Says who is there, and reads the broker's answer.</summary>
    public async Task<Greeting> GreetAsync(MqttConnectPacket hello, CancellationToken cancellationToken)
    {
        await _client.SendAsync(hello, cancellationToken);
        if (await _client.ReceiveAsync(cancellationToken) is not MqttConnAckPacket answer) throw PacketException.Protocol("another packet where a CONNACK must come");
        Limits = Packets.Limits(answer, _options);
        return Packets.Answer(answer, _options.Version);
    }

    /// <inheritdoc />
    public override async Task SayGoodbyeAsync(CancellationToken cancellationToken)
    {
        await _client.SendAsync(new MqttDisconnectPacket(), cancellationToken);
        try
        {
            while (true) await _client.ReceiveAsync(cancellationToken); // until the broker has closed its side
        }
        catch (MqttCommunicationException)
        {
            // It has.
        }
    }

    /// <inheritdoc />
    public override bool Write<T>(T packet) => Write(Packets.From(packet), packet.Size);

    /// <inheritdoc />
    public override bool Publish(MqttMessage message, ushort id, bool again, uint? expiry) =>
        Write(Packets.From(message, id, again, expiry), new PublishPacket(message, Limits.Version, id, again, expiry).Size);

    /// <inheritdoc />
    public override void End(MqttFailure failure, bool tell) => _ended.TrySetResult((failure, tell));

    /// <inheritdoc />
    public override async Task<MqttFailure> RunAsync(IPacketHandler handler, bool forget)
    {
        var writing = Task.Run(() => GuardAsync(WriteAsync(handler)));
        var reading = Task.Run(() => GuardAsync(ReadAsync(handler)));
        var watching = GuardAsync(_clock.WatchAsync(_cut.Token));
        var (failure, tell) = await _ended.Task;
        if (tell) Write(new DisconnectPacket(Limits.Version, failure.Reason));
        _output.Writer.TryComplete();

        // A broker that was told closes its side: only then is it sure that it has read all.
        if (tell) await Task.WhenAny(Task.WhenAll(writing, reading), Task.Delay(Linger, _options.TimeProvider, _cut.Token));
        await _cut.CancelAsync();
        _client.Dispose();
        await Task.WhenAll(writing, reading, watching);
        return failure;
    }

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        await _cut.CancelAsync();
        _client.Dispose();
        _cut.Dispose();
    }

    private bool Write(MqttPacket packet, int size)
    {
        Interlocked.Add(ref _pending, size);
        return _output.Writer.TryWrite((packet, size));
    }

    private async Task WriteAsync(IPacketHandler handler)
    {
        await foreach (var (packet, size) in _output.Reader.ReadAllAsync(_cut.Token))
        {
            await _client.SendAsync(packet, _cut.Token);
            _clock.Sent();
            if (Interlocked.Add(ref _pending, -size) < Low && Interlocked.Exchange(ref _wasFull, 0) == 1) handler.Drained();
        }
    }

    private async Task ReadAsync(IPacketHandler handler)
    {
        while (true)
        {
            var packet = await _client.ReceiveAsync(_cut.Token);
            _clock.Received();
            if (_ended.Task.IsCompleted) continue; // thrown away, until the broker closes its side
            Handle(handler, packet);
            var room = handler.WaitForRoomAsync(_cut.Token);
            if (room.IsCompletedSuccessfully) continue;
            _clock.Pause();
            await room;
            _clock.Resume();
        }
    }

    private void Handle(IPacketHandler handler, MqttPacket packet)
    {
        switch (packet)
        {
            case MqttPublishPacket message:
                handler.Handle(this, Packets.From(message), message.PacketIdentifier);
                break;
            case MqttPubAckPacket ack:
                handler.Handle(this, new AckPacket(PacketType.PubAck, ack.PacketIdentifier, (MqttReasonCode)ack.ReasonCode), ack.ReasonString);
                break;
            case MqttPubRecPacket ack:
                handler.Handle(this, new AckPacket(PacketType.PubRec, ack.PacketIdentifier, (MqttReasonCode)ack.ReasonCode), ack.ReasonString);
                break;
            case MqttPubRelPacket ack:
                handler.Handle(this, new AckPacket(PacketType.PubRel, ack.PacketIdentifier, (MqttReasonCode)ack.ReasonCode), ack.ReasonString);
                break;
            case MqttPubCompPacket ack:
                handler.Handle(this, new AckPacket(PacketType.PubComp, ack.PacketIdentifier, (MqttReasonCode)ack.ReasonCode), ack.ReasonString);
                break;
            case MqttSubAckPacket { ReasonCodes: [var code] } grant:
                handler.Handle(PacketType.SubAck, new(grant.PacketIdentifier, (MqttReasonCode)code, grant.ReasonString));
                break;
            case MqttUnsubAckPacket end:
                handler.Handle(PacketType.UnsubAck, new(end.PacketIdentifier, end.ReasonCodes is [var ended, ..] ? (MqttReasonCode)ended : MqttReasonCode.Success, end.ReasonString));
                break;
            case MqttDisconnectPacket goodbye:
                End(MqttFailure.Ended((MqttReasonCode)goodbye.ReasonCode, goodbye.ReasonString), tell: false);
                break;
            case MqttPingRespPacket:
                break;
            default:
                throw PacketException.Protocol($"{packet.GetType().Name}, which is not a broker's to send now");
        }
    }

    private async Task GuardAsync(Task loop)
    {
        try
        {
            await loop;
        }
        catch (PacketException broken)
        {
            End(MqttFailure.Broken(broken), tell: true);
        }
        catch (MqttFault fault)
        {
            End(fault.Failure, tell: true);
        }
        catch (Exception broken) when (broken is MqttProtocolViolationException or { InnerException: MqttProtocolViolationException })
        {
            End(new(MqttReasonCode.ProtocolError, $"the broker broke the protocol: {(broken.InnerException ?? broken).Message.TrimEnd('.')}", Cause: broken), tell: true);
        }
        catch (Exception lost)
        {
            End(MqttFailure.Lost($"the line to the broker was lost: {(lost.InnerException ?? lost).Message.TrimEnd('.')}", lost), tell: false);
        }
    }
}
