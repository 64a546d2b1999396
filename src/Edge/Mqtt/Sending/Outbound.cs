using Hybrid.Edge.Mqtt.Packets;
using Hybrid.Edge.Mqtt.Sessions;
using Hybrid.Edge.Mqtt.Wire;

namespace Hybrid.Edge.Mqtt.Sending;

/// <summary>The sending half of a session: what waits, what is in flight, and what must be sent again.</summary>
internal sealed class Outbound
{
    /// <summary>Numbers up to this are those of messages; above are those of subscriptions.</summary>
    public const int MostIds = 64_511;

    private static readonly Task<MqttPublished> Done = Task.FromResult(new MqttPublished(MqttReasonCode.Success));

    private readonly Lock _lock = new();
    private readonly MqttClientOptions _options;
    private readonly SessionFile? _file;
    private readonly Action<Outgoing> _cancelled;
    private readonly LinkedList<Outgoing> _waiting = [];
    private readonly Queue<Outgoing> _again = [];
    private readonly Dictionary<ushort, Outgoing> _flying = [];
    private Link? _link;
    private int _used;
    private ushort _last;
    private long _order;
    private string? _closed;

    public Outbound(MqttClientOptions options, SessionFile? file)
    {
        (_options, _file, _cancelled) = (options, file, Cancelled);
        if (file is null) return;
        foreach (var (id, kept) in file.Messages)
        {
            _flying[id] = new(kept.Message, kept.Given) { Id = id, Order = kept.Order, IsReleased = kept.IsReleased, IsAgain = true };
            _order = Math.Max(_order, kept.Order);
        }
    }

    public Task<MqttPublished> PublishAsync(MqttMessage message, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return Task.FromCanceled<MqttPublished>(cancellationToken);
        if (MqttTopic.Problem(message.Topic) is { } problem)
            throw new HybridException(HybridError.InvalidRequest, $"A message cannot be published: {problem}. It was not sent; correct its topic.");
        var size = new PublishPacket(message, _options.Version, 1, again: false, message.Expiry is null ? null : 1, named: true).Size;
        Outgoing outgoing;
        lock (_lock)
        {
            if (_closed is { } why) throw new HybridException(HybridError.Bus, $"{why} The message was not sent.");
            var now = message.Expiry is null && _file is null ? default : _options.TimeProvider.GetUtcNow();
            var next = _waiting.Count == 0 && _again.Count == 0;
            if (next && message.Qos == MqttQos.AtMostOnce && _link is { IsFull: false } link && Problem(link, message, size) is null)
            {
                link.Publish(message, 0, again: false, message.Expiry is { } expiry ? PublishProperties.Seconds(expiry) : null);
                MqttMeter.Sent();
                return Done;
            }

            outgoing = new Outgoing(message, now);
            if (!next || !TrySend(outgoing)) outgoing.Waiting = _waiting.AddLast(outgoing);
        }

        if (cancellationToken.CanBeCanceled && !outgoing.Task.IsCompleted) outgoing.Watch(_cancelled, cancellationToken);
        return outgoing.Task;
    }

    /// <summary>Goes on over a new link: first what the broker may have seen, then the rest, in order.</summary>
    public void Attach(Link link, bool sessionPresent)
    {
        lock (_lock)
        {
            (_link, _used) = (link, 0);
            _again.Clear();
            if (!sessionPresent) Renew();
            foreach (var outgoing in _flying.Values.OrderBy(one => one.Order).ToList())
            {
                if (outgoing.IsReleased) link.Write(new AckPacket(PacketType.PubRel, outgoing.Id));
                else _again.Enqueue(outgoing);
            }

            Pump();
        }
    }

    public void Detach()
    {
        lock (_lock) _link = null;
    }

    /// <summary>Takes a PUBACK, PUBREC or PUBCOMP.</summary>
    public void Take(Link link, AckPacket ack, string? why)
    {
        lock (_lock)
        {
            var known = _flying.GetValueOrDefault(ack.Id);
            if (known is not null && known.Message.Qos == MqttQos.AtLeastOnce != (ack.Type == PacketType.PubAck))
                throw PacketException.Protocol("an acknowledgement of another quality of service than its message's");
            if (ack.Type == PacketType.PubRec)
                Receive(link, known, ack, why);
            else if (known is not null && ack.Type == PacketType.PubComp && !known.IsReleased)
                throw PacketException.Protocol("a PUBCOMP before its PUBREC");
            else if (known is not null)
                Complete(known, ack.Type == PacketType.PubAck ? ack.Reason : known.Reason, why);
        }
    }

    /// <summary>Sends what may be sent now.</summary>
    public void Drained()
    {
        lock (_lock) Pump();
    }

    /// <summary>Lets nobody wait any more.</summary>
    /// <param name="why">What happened, as a sentence.</param>
    /// <param name="forever">Whether nothing is taken from now on.</param>
    public void Stop(string why, bool forever)
    {
        lock (_lock)
        {
            if (forever) _closed = why;
            foreach (var outgoing in _waiting)
            {
                outgoing.Waiting = null;
                outgoing.Fail(new(HybridError.Bus, $"{why} The message was not sent."));
            }

            _waiting.Clear();
            foreach (var outgoing in _flying.Values)
                outgoing.Fail(new(HybridError.Bus, $"{why} The broker may have the message; it is sent again when this session goes on."));
        }
    }

    private static string? Problem(Link link, MqttMessage message, int size) =>
        link.Limits.Problem(message, size + (link.Limits.Aliases > 0 ? 3 : 0));

    private void Pump()
    {
        while (_again.TryPeek(out var outgoing))
        {
            if (!TrySend(outgoing)) return;
            _again.Dequeue();
        }

        while (_waiting.First is { } first && TrySend(first.Value))
        {
            first.Value.Waiting = null;
            _waiting.Remove(first);
        }
    }

    // False: not now. A message that the broker would not take fails, and that settles it.
    private bool TrySend(Outgoing outgoing)
    {
        if (_link is not { IsFull: false } link) return false;
        var message = outgoing.Message;
        if (message.Qos > MqttQos.AtMostOnce && (_used >= link.Limits.Window || (outgoing.Id == 0 && _flying.Count >= MostIds))) return false;
        if (outgoing.IsAgain || outgoing.Id != 0)
        {
            if (!_flying.ContainsKey(outgoing.Id)) return true; // answered meanwhile
        }

        var now = message.Expiry is null ? default : _options.TimeProvider.GetUtcNow();
        var size = new PublishPacket(message, _options.Version, 1, again: false, message.Expiry is null ? null : 1).Size;
        if (Problem(link, message, size) is { } problem)
            return Drop(outgoing, $"The message for '{message.Topic}' was not sent, for {problem}.");
        if (outgoing.Id == 0 && outgoing.IsExpired(now))
            return Drop(outgoing, $"The message for '{message.Topic}' expired before it could be sent.");
        if (message.Qos > MqttQos.AtMostOnce && outgoing.Id == 0 && !Number(outgoing)) return true;

        link.Publish(message, outgoing.Id, outgoing.IsAgain, outgoing.Left(now));
        MqttMeter.Sent();
        if (message.Qos == MqttQos.AtMostOnce)
        {
            outgoing.Succeed(MqttReasonCode.Success);
            return true;
        }

        _used++;
        (outgoing.Link, outgoing.IsAgain) = (link, true);
        return true;
    }

    private bool Drop(Outgoing outgoing, string why)
    {
        if (outgoing.Id != 0) Forget(outgoing);
        outgoing.Fail(new(HybridError.Bus, why));
        return true;
    }

    private bool Number(Outgoing outgoing)
    {
        do _last = (ushort)(_last % MostIds + 1);
        while (_flying.ContainsKey(_last));
        (outgoing.Id, outgoing.Order) = (_last, ++_order);
        try
        {
            _file?.Sent(outgoing.Id, new(outgoing.Message, outgoing.Given, outgoing.Order, IsReleased: false));
        }
        catch (HybridException failure)
        {
            outgoing.Id = 0;
            outgoing.Fail(failure);
            return false;
        }

        _flying[outgoing.Id] = outgoing;
        return true;
    }

    private void Receive(Link link, Outgoing? known, AckPacket ack, string? why)
    {
        if (known is not null && ack.Reason >= MqttReasonCode.UnspecifiedError)
        {
            Complete(known, ack.Reason, why);
            return;
        }

        if (known is { IsReleased: false })
        {
            (known.IsReleased, known.Reason) = (true, ack.Reason);
            _file?.Released(known.Id);
        }

        var reason = known is null && link.Limits.Version == MqttVersion.V5 ? MqttReasonCode.PacketIdentifierNotFound : MqttReasonCode.Success;
        link.Write(new AckPacket(PacketType.PubRel, ack.Id, reason));
    }

    private void Complete(Outgoing outgoing, MqttReasonCode reason, string? why)
    {
        Forget(outgoing);
        if (outgoing.Link == _link && _used > 0) _used--;
        if (reason < MqttReasonCode.UnspecifiedError)
            outgoing.Succeed(reason);
        else
            outgoing.Fail(new(
                reason == MqttReasonCode.NotAuthorized ? HybridError.Unauthorized : HybridError.Bus,
                $"The broker did not take the message for '{outgoing.Message.Topic}': {MqttFailure.Say(reason, why)}. It was not delivered."));
        Pump();
    }

    private void Forget(Outgoing outgoing)
    {
        _flying.Remove(outgoing.Id);
        _file?.Answered(outgoing.Id);
    }

    // The broker knows nothing any more: what it had not settled is new to it.
    private void Renew()
    {
        foreach (var outgoing in _flying.Values) (outgoing.IsReleased, outgoing.IsAgain, outgoing.Link) = (false, false, null);
        _file?.Renewed();
    }

    private void Cancelled(Outgoing outgoing)
    {
        lock (_lock)
        {
            if (outgoing.Waiting is not { } waiting) return;
            _waiting.Remove(waiting);
            outgoing.Waiting = null;
        }
    }
}
