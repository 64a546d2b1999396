using Hybrid.Edge.Mqtt.Packets;
using Hybrid.Edge.Mqtt.Sending;
using Hybrid.Edge.Mqtt.Wire;
using Microsoft.Extensions.Logging;

namespace Hybrid.Edge.Mqtt.Receiving;

/// <summary>Who wants which messages, and what the broker has been asked for and has granted.</summary>
internal sealed class Subscriptions(ILogger logger, Inbound inbound)
{
    private const int AtOnce = ushort.MaxValue - Outbound.MostIds; // questions in flight, each with a number above those of messages

    private readonly Lock _lock = new();
    private readonly FilterIndex _filters = new();
    private readonly Queue<Filter> _toAsk = [];
    private readonly Dictionary<ushort, Question> _asked = [];
    private Link? _link;
    private int _last = -1;
    private TaskCompletionSource<HybridException?>? _settled;
    private HybridException? _refused;

    /// <summary>Adds a subscriber; the broker is asked as soon as there is a link.</summary>
    public Subscription Add(MqttSubscription wanted, Func<MqttMessage, CancellationToken, ValueTask> handler)
    {
        var problem = MqttTopic.FilterProblem(wanted.Filter) ?? (wanted.NoLocal && MqttTopic.IsShared(wanted.Filter) ? "a shared one cannot leave out own messages" : null);
        if (problem is not null)
            throw new HybridException(HybridError.InvalidRequest, $"There can be no subscription '{wanted.Filter}': {problem}. Nothing was asked for; correct it.");
        lock (_lock)
        {
            var filter = _filters.Get(wanted.Filter);
            var subscriber = new Subscriber(wanted, handler, inbound);
            filter.Subscribers.Add(subscriber);
            Ask(filter);
            return new(this, filter, subscriber);
        }
    }

    public void Remove(Filter filter, Subscriber subscriber)
    {
        subscriber.End();
        lock (_lock)
        {
            if (!filter.Subscribers.Remove(subscriber) || filter.Subscribers.Count > 0) return;
            if (filter.IsGranted || _link is not null) Ask(filter);
            else _filters.Remove(filter);
        }
    }

    /// <summary>Collects the subscribers that want a message.</summary>
    public void Match(MqttMessage message, List<Subscriber> into)
    {
        lock (_lock) _filters.Match(message, into);
    }

    /// <summary>Asks a broker for everything, over a new link: it may have kept less than it says.</summary>
    /// <returns>Ends when all is answered: with the first refusal, or null.</returns>
    public Task<HybridException?> Attach(Link link, bool sessionPresent)
    {
        lock (_lock)
        {
            (_link, _refused, _settled) = (link, null, Filter.New());
            _toAsk.Clear();
            _asked.Clear();
            foreach (var filter in _filters.All)
            {
                if (!sessionPresent) filter.IsGranted = false;
                if (filter.Subscribers.Count > 0 || filter.IsGranted) _toAsk.Enqueue(filter);
                else _filters.Remove(filter);
            }

            var settled = _settled.Task;
            Pump();
            return settled;
        }
    }

    public void Detach()
    {
        lock (_lock) _link = null;
    }

    /// <summary>Nobody waits any more.</summary>
    public void Stop(HybridException why)
    {
        lock (_lock)
        {
            foreach (var filter in _filters.All) filter.Answer.TrySetResult(why);
        }
    }

    /// <summary>Takes a SUBACK or UNSUBACK.</summary>
    public void Take(PacketType type, GrantPacket grant)
    {
        lock (_lock)
        {
            if (!_asked.Remove(grant.Id, out var question) || question.Ends != (type == PacketType.UnsubAck))
                throw PacketException.Protocol("an answer to a subscription that was not asked for");
            if (question.Ends) Ended(question.Filter);
            else Granted(question, grant);
            Pump();
        }
    }

    private void Ask(Filter filter)
    {
        filter.Edition++;
        if (filter.Answer.Task.IsCompleted) filter.Answer = Filter.New();
        if (_link is null) return; // the next link asks for everything
        _toAsk.Enqueue(filter);
        Pump();
    }

    private void Pump()
    {
        while (_link is { } link && _asked.Count < AtOnce && _toAsk.TryDequeue(out var filter))
        {
            do _last = (_last + 1) % AtOnce;
            while (_asked.ContainsKey(Id()));
            var ends = filter.Subscribers.Count == 0;
            if (!ends && link.Limits.Problem(filter.Wanted) is { } problem)
            {
                Refuse(filter, filter.Edition, new(HybridError.Bus, $"There can be no subscription '{filter.Text}': {problem}. No message will come for it."), problem);
                continue;
            }

            _asked[Id()] = new(filter, filter.Edition, ends);
            if (ends) link.Write(new UnsubscribePacket(Id(), filter.Text, link.Limits.Version));
            else link.Write(new SubscribePacket(Id(), Wanted(filter), link.Limits.SubscriptionIds ? filter.Number : 0, link.Limits.Version));
        }

        if (_asked.Count == 0 && _toAsk.Count == 0 && _link is not null) _settled?.TrySetResult(_refused);

        ushort Id() => (ushort)(Outbound.MostIds + 1 + _last);
    }

    // What the broker kept for it has come once; it need not come with every connection.
    private static MqttSubscription Wanted(Filter filter) => filter is { IsGranted: true, Subscribers.Count: 1, Wanted: { RetainHandling: MqttRetainHandling.Send } wanted }
        ? wanted with { RetainHandling = MqttRetainHandling.SendIfNew }
        : filter.Wanted;

    private void Granted(Question question, GrantPacket grant)
    {
        var (filter, edition, _) = question;
        if (grant.Reason >= MqttReasonCode.UnspecifiedError)
        {
            var said = MqttFailure.Say(grant.Reason, grant.Why);
            var kind = grant.Reason == MqttReasonCode.NotAuthorized ? HybridError.Unauthorized : HybridError.Bus;
            Refuse(filter, edition, new(kind, $"The broker does not grant the subscription '{filter.Text}': {said}. No message will come for it."), said);
            return;
        }

        filter.IsGranted = true;
        if (filter.Subscribers.Count > 0 && (int)grant.Reason < (int)filter.Wanted.Qos) MqttLog.GrantedLess(logger, filter.Text, (int)grant.Reason);
        if (filter.Edition == edition) filter.Answer.TrySetResult(null);
    }

    private void Refuse(Filter filter, int edition, HybridException refusal, string why)
    {
        MqttLog.NotGranted(logger, filter.Text, why);
        _refused ??= refusal;
        if (filter.Edition == edition) filter.Answer.TrySetResult(refusal);
    }

    private void Ended(Filter filter)
    {
        filter.IsGranted = false;
        if (filter.Subscribers.Count == 0) _filters.Remove(filter);
    }

    private readonly record struct Question(Filter Filter, int Edition, bool Ends);
}
