using Hybrid.Edge.Mqtt.Packets;
using Hybrid.Edge.Mqtt.Sessions;
using Hybrid.Edge.Mqtt.Wire;
using Microsoft.Extensions.Logging;

namespace Hybrid.Edge.Mqtt.Receiving;

/// <summary>The receiving half of a session: hands messages to subscribers, and answers each when all of them have returned.</summary>
internal sealed class Inbound
{
    private const int Overhead = 256; // bytes of a message besides its payload
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly SessionFile? _file;
    private readonly Dictionary<ushort, Received> _received = [];
    private readonly List<Subscriber> _matched = [];
    private readonly long _room;
    private TaskCompletionSource? _roomAgain;
    private long _held;
    private long _dropped;

    public Inbound(MqttClientOptions options, SessionFile? file, ILogger logger)
    {
        (Options, _file, Logger, _room) = (options, file, logger, 8L * options.MaximumPacketSize);
        Subscriptions = new(logger, this);
        foreach (var id in file?.Handled ?? []) _received[id] = new(id, MqttQos.ExactlyOnce, "") { IsHandled = true };
    }

    public MqttClientOptions Options { get; }

    public ILogger Logger { get; }

    public Subscriptions Subscriptions { get; }

    /// <summary>Ends with the run of the client; handlers get it.</summary>
    public CancellationToken Stopping { get; set; }

    /// <summary>How many messages were dropped because their handlers were too slow.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    public void CountDropped()
    {
        Interlocked.Increment(ref _dropped);
        MqttMeter.Dropped();
    }

    /// <summary>Goes on over a new link.</summary>
    public void Attach(bool sessionPresent)
    {
        if (sessionPresent) return;
        lock (_lock) _received.Clear();
    }

    /// <summary>Takes a message and its number, 0 at most once.</summary>
    public void Take(Link link, MqttMessage message, ushort id)
    {
        MqttMeter.Received();
        _matched.Clear();
        Subscriptions.Match(message, _matched);
        Received? received = null;
        if (message.Qos > MqttQos.AtMostOnce && (received = Enter(link, message, id)) is null) return;
        foreach (var subscriber in _matched) subscriber.Take(message, received);
    }

    /// <summary>Takes a PUBREL: the broker will not send that message again.</summary>
    public void Take(Link link, AckPacket release)
    {
        lock (_lock)
        {
            var known = _received.TryGetValue(release.Id, out var received) && received.Qos == MqttQos.ExactlyOnce;
            if (known && !received!.IsHandled) throw PacketException.Protocol("a PUBREL before its PUBREC");
            if (known)
            {
                _received.Remove(release.Id);
                _file?.Settled(release.Id);
            }

            var reason = known || Options.Version != MqttVersion.V5 ? MqttReasonCode.Success : MqttReasonCode.PacketIdentifierNotFound;
            link.Write(new AckPacket(PacketType.PubComp, release.Id, reason));
        }
    }

    /// <summary>One handler of a message has returned.</summary>
    public void Handled(Received received, MqttMessage message, bool well)
    {
        lock (_lock)
        {
            received.IsFailed |= !well;
            if (--received.Running > 0) return;
            Release(Held(message));
            if (_received.GetValueOrDefault(received.Id) != received) return; // the broker has forgotten it
            if (!received.IsFailed) received.IsFailed = !TryKeep(received);
            if (received.IsFailed)
                Refuse(received);
            else
                Answer(received);
        }
    }

    /// <summary>Waits while messages hold more memory than they should; when that does not end, the connection does.</summary>
    public ValueTask WaitForRoomAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_held <= _room) return ValueTask.CompletedTask;
            _roomAgain ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return new(WaitAsync(_roomAgain.Task, cancellationToken));
        }
    }

    private async Task WaitAsync(Task room, CancellationToken cancellationToken)
    {
        try
        {
            await room.WaitAsync(Patience, Options.TimeProvider, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new MqttFault(new(MqttReasonCode.QuotaExceeded, $"no handler returned for {Patience.TotalSeconds:0} s while messages of {_room >> 20} MiB were waiting"));
        }
    }

    private static long Held(MqttMessage message) => message.Payload.Length + Overhead;

    // Null: it is known already. A broker that sends more than was agreed is borne, as mosquitto 2.0.11 does under load: what messages
    // hold is bounded in any case (WaitForRoomAsync), and a connection that ends for it would be followed by one that does the same.
    private Received? Enter(Link link, MqttMessage message, ushort id)
    {
        lock (_lock)
        {
            if (_received.TryGetValue(id, out var known) && known.Qos == message.Qos && (known.Qos == MqttQos.ExactlyOnce || (message.IsDuplicate && known.Topic == message.Topic)))
            {
                known.Link = link;
                if (known.IsHandled) Answer(known);
                return null;
            }

            if (known is { IsHandled: false } && known.Link == link) throw new PacketException(MqttReasonCode.PacketIdentifierInUse, $"the number {id} for two messages");
            var received = new Received(id, message.Qos, message.Topic) { Link = link, Running = _matched.Count };
            _received[id] = received;
            if (_matched.Count > 0)
            {
                _held += Held(message);
                return received;
            }

            // Nobody wants it: so it is handled.
            if (TryKeep(received)) Answer(received);
            return null;
        }
    }

    private bool TryKeep(Received received)
    {
        try
        {
            if (received.Qos == MqttQos.ExactlyOnce) _file?.Keep(received.Id);
            return received.IsHandled = true;
        }
        catch (HybridException failure)
        {
            MqttLog.NotKept(Logger, Options.SessionPath!, failure.Message);
            return false;
        }
    }

    private void Answer(Received received)
    {
        if (received.Link is not { } link) return;
        var type = received.Qos == MqttQos.ExactlyOnce ? PacketType.PubRec : PacketType.PubAck;
        if (!link.Write(new AckPacket(type, received.Id)) || type == PacketType.PubRec) return;
        _received.Remove(received.Id);
    }

    // It comes again with the next connection. When all that may be unanswered has failed, nothing else can come, and so the next one is made.
    private void Refuse(Received received)
    {
        _received.Remove(received.Id);
        if (received.Link is { } link && ++link.Failed >= Options.ReceiveMaximum)
            link.End(new(MqttReasonCode.ImplementationSpecificError, $"handlers failed on {link.Failed} messages, which can only come again with a new connection"), tell: true);
    }

    private void Release(long bytes)
    {
        _held -= bytes;
        if (_held > _room || _roomAgain is null) return;
        _roomAgain.TrySetResult();
        _roomAgain = null;
    }
}
