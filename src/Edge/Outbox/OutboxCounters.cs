namespace Hybrid.Edge.Outbox;

/// <summary>What an outbox holds, and what became of its records since it was opened.</summary>
public sealed record OutboxCounters
{
    /// <summary>Records that wait, those under way included.</summary>
    public int Waiting { get; init; }

    /// <summary>Their bytes on the disk.</summary>
    public long WaitingBytes { get; init; }

    /// <summary>Bytes of all its files but those with marks.</summary>
    public long DiskBytes { get; init; }

    /// <summary>Records that waited when it was opened.</summary>
    public long Recovered { get; init; }

    /// <summary>Records stored.</summary>
    public long Stored { get; init; }

    /// <summary>Of those that wait, the ones that the broker has and no receiver has confirmed; 0 where none has to.</summary>
    public int Unconfirmed { get; init; }

    /// <summary>Records that the broker has, or that their receiver confirmed where that is wanted.</summary>
    public long Sent { get; init; }

    /// <summary>Records dropped since nobody needs them any more or they were too old.</summary>
    public long Expired { get; init; }

    /// <summary>Records dropped to make room for others.</summary>
    public long DroppedForRoom { get; init; }

    /// <summary>Messages that were not stored, which their callers were told: no room, or the disk failed.</summary>
    public long Refused { get; init; }

    /// <summary>Places in its files that could not be read: a record torn or flipped, or several side by side.</summary>
    public long Damaged { get; init; }

    /// <summary>How often the broker refused a record, which is then tried again.</summary>
    public long BrokerRefusals { get; init; }
}
