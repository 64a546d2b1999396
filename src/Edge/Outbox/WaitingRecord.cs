namespace Hybrid.Edge.Outbox;

/// <summary>What is kept in memory of a record that waits; its bytes stay on the disk.</summary>
internal sealed class WaitingRecord
{
    public WaitingRecord() => (InTopic, InClass) = (new(this), new(this));

    public required long Number { get; init; }

    /// <summary>When it is dropped, in milliseconds since 1970.</summary>
    public required long Expires { get; init; }

    public required OutboxClass Class { get; init; }

    public required TopicQueue Topic { get; init; }

    /// <summary>Bytes on the disk.</summary>
    public required int Length { get; init; }

    public required Segment Segment { get; set; }

    public required long Place { get; set; }

    /// <summary>Whether it is with the bus client.</summary>
    public bool InFlight { get; set; }

    public LinkedListNode<WaitingRecord> InTopic { get; }

    public LinkedListNode<WaitingRecord> InClass { get; }
}

/// <summary>The records of one topic, in order; the first of them may be in flight.</summary>
internal sealed class TopicQueue(string topic)
{
    public string Topic => topic;

    public LinkedList<WaitingRecord> Records { get; } = [];

    /// <summary>The first that is not in flight; null: there is none.</summary>
    public LinkedListNode<WaitingRecord>? Next { get; set; }

    public int InFlight { get; set; }

    /// <summary>How often in a row the broker refused one; while it is above 0, one at a time is sent, from the first.</summary>
    public int Refusals { get; set; }

    /// <summary>When the next may be sent, by the store's clock of delays.</summary>
    public long NotBefore { get; set; }
}
