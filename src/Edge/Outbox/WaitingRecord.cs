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

    /// <summary>Whether the broker has it, and its receiver is to say that it has it, too.</summary>
    public bool IsDelivered { get; set; }

    /// <summary>Whether it is under way over a connection that is gone: what came before it may have to go first.</summary>
    public bool IsStale { get; set; }

    /// <summary>Whether its receiver said so before the broker did.</summary>
    public bool IsConfirmed { get; set; }

    public LinkedListNode<WaitingRecord> InTopic { get; }

    public LinkedListNode<WaitingRecord> InClass { get; }
}

/// <summary>A record on its way.</summary>
/// <param name="Waiting">Which.</param>
/// <param name="Record">All of it.</param>
/// <param name="After">The number of the one before it in its topic that no receiver has confirmed; null: there is none, or none has to.</param>
internal readonly record struct SendingRecord(WaitingRecord Waiting, LogRecord Record, long? After);

/// <summary>The records of one topic, in order; the first of them may be delivered, and the next ones in flight.</summary>
internal sealed class TopicQueue(string topic)
{
    public string Topic => topic;

    public LinkedList<WaitingRecord> Records { get; } = [];

    /// <summary>The first that was not sent yet; null: there is none.</summary>
    public LinkedListNode<WaitingRecord>? Next { get; set; }

    public int InFlight { get; set; }

    /// <summary>Whether one before <see cref="Next"/> must be sent again, which begins when none is in flight.</summary>
    public bool BeginsAgain { get; set; }

    /// <summary>Whether the broker took one since the connection was made; until then one at a time is sent, so that none comes before one that nobody got.</summary>
    public bool IsOpen { get; set; }

    /// <summary>How often in a row the broker refused one; while it is above 0, one at a time is sent, from the first.</summary>
    public int Refusals { get; set; }

    /// <summary>When the next may be sent, by the store's clock of delays.</summary>
    public long NotBefore { get; set; }
}
