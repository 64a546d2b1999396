namespace Hybrid.Edge.Outbox;

/// <summary>All records that wait: by topic for order, by class for what goes first, by segment for what can be deleted. Not thread-safe.</summary>
/// <param name="oneFirst">Whether the first of a topic goes alone, until the broker took it.</param>
internal sealed class WaitingRecords(bool oneFirst)
{
    private readonly Dictionary<string, TopicQueue> _topics = new(StringComparer.Ordinal);
    private readonly LinkedList<WaitingRecord>[] _classes = [new(), new(), new()];

    public int Count { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>How many the broker has and no receiver has confirmed.</summary>
    public int Unconfirmed { get; private set; }

    /// <summary>Adds a record that was stored after all others of its topic.</summary>
    public void Add(StoredRecord record)
    {
        if (!_topics.TryGetValue(record.Topic, out var topic))
            _topics[record.Topic] = topic = new(record.Topic) { IsOpen = !oneFirst };
        var (segment, length) = (record.Segment, record.Length);
        var added = new WaitingRecord { Number = record.Number, Expires = record.Expires, Class = record.Class, Topic = topic, Segment = segment, Place = record.Place, Length = length };
        topic.Records.AddLast(added.InTopic);
        topic.Next ??= added.InTopic;
        _classes[(int)added.Class].AddLast(added.InClass);
        segment.Waiting.Add(added.Number, added);
        segment.WaitingBytes += length;
        Count++;
        Bytes += length;
    }

    /// <summary>Takes out a record that waits no more.</summary>
    public void Remove(WaitingRecord record)
    {
        var topic = record.Topic;
        if (record.InFlight) topic.InFlight--;
        if (record.IsDelivered) Unconfirmed--;
        if (topic.Next == record.InTopic) topic.Next = record.InTopic.Next;
        topic.Records.Remove(record.InTopic);
        (record.InFlight, record.IsDelivered) = (false, false);
        BeginAgain(topic);
        if (topic.Records.Count == 0) _topics.Remove(topic.Topic);
        _classes[(int)record.Class].Remove(record.InClass);
        record.Segment.Waiting.Remove(record.Number);
        record.Segment.WaitingBytes -= record.Length;
        record.Segment.Done.Add(record.Number);
        Count--;
        Bytes -= record.Length;
    }

    /// <summary>Says that a record now stands elsewhere.</summary>
    public static void Move(WaitingRecord record, Segment to, long place)
    {
        record.Segment.Waiting.Remove(record.Number);
        record.Segment.WaitingBytes -= record.Length;
        (record.Segment, record.Place) = (to, place);
        to.Waiting.Add(record.Number, record);
        to.WaitingBytes += record.Length;
    }

    /// <summary>The next to send: of the highest class, then the oldest, among those that are next in their topics.</summary>
    /// <param name="now">The store's clock of delays.</param>
    /// <param name="wakeAt">Where there is none: when a topic that was refused may be tried again, if one waits for that.</param>
    public WaitingRecord? Next(long now, ref long wakeAt)
    {
        WaitingRecord? best = null;
        foreach (var topic in _topics.Values)
        {
            if (topic.Next?.Value is not { } next || ((topic.Refusals > 0 || topic.BeginsAgain || !topic.IsOpen) && topic.InFlight > 0)) continue;
            if (topic.NotBefore > now) wakeAt = Math.Min(wakeAt, topic.NotBefore);
            else if (best is null || next.Class > best.Class || (next.Class == best.Class && next.Number < best.Number)) best = next;
        }

        return best;
    }

    public void Sent(WaitingRecord record)
    {
        if (record.IsDelivered) Unconfirmed--;
        (record.InFlight, record.IsDelivered, record.IsStale) = (true, false, false);
        record.Topic.InFlight++;
        record.Topic.Next = record.InTopic.Next;
    }

    /// <summary>Takes a record back that was not sent; when all of its topic are back, they begin again with the first.</summary>
    public static void Returned(WaitingRecord record)
    {
        record.InFlight = false;
        record.Topic.InFlight--;
        record.Topic.BeginsAgain = true;
        BeginAgain(record.Topic);
    }

    /// <summary>The broker has a record, and it waits for its receiver.</summary>
    public void Delivered(WaitingRecord record)
    {
        (record.InFlight, record.IsDelivered) = (false, true);
        record.Topic.InFlight--;
        Unconfirmed++;
        BeginAgain(record.Topic);
    }

    /// <summary>Has what the broker has of a topic sent again, in order and before what comes after it.</summary>
    public void Again(TopicQueue topic)
    {
        for (var node = topic.Records.First; node is not null && node != topic.Next; node = node.Next)
        {
            node.Value.IsStale = node.Value.InFlight;
            if (!node.Value.IsDelivered) continue;
            node.Value.IsDelivered = false;
            Unconfirmed--;
            topic.BeginsAgain = true;
        }

        BeginAgain(topic);
    }

    /// <summary>Has what the broker has of all topics sent again.</summary>
    public void Again()
    {
        foreach (var topic in _topics.Values)
        {
            topic.IsOpen = false;
            Again(topic);
        }
    }

    private static void BeginAgain(TopicQueue topic)
    {
        if (!topic.BeginsAgain || topic.InFlight > 0) return;
        topic.BeginsAgain = false;
        var node = topic.Records.First;
        while (node is { Value.IsDelivered: true }) node = node.Next;
        topic.Next = node;
    }

    /// <summary>What goes to free so many bytes for a record of a class: the lowest class first, in it the oldest, nothing that is under way.</summary>
    /// <returns>Null: all of them would not be enough.</returns>
    public List<WaitingRecord>? Least(long bytes, OutboxClass atMost)
    {
        List<WaitingRecord> least = [];
        for (var one = OutboxClass.Low; one <= atMost && bytes > 0; one++)
        {
            for (var node = _classes[(int)one].First; node is not null && bytes > 0; node = node.Next)
            {
                if (node.Value.InFlight) continue;
                least.Add(node.Value);
                bytes -= node.Value.Length;
            }
        }

        return bytes > 0 ? null : least;
    }

    /// <summary>Those whose time is over and that are not under way.</summary>
    public List<WaitingRecord> Expired(long now) =>
        [.. _classes.SelectMany(all => all).Where(record => record.Expires <= now && !record.InFlight)];
}
