namespace Hybrid.Edge.Outbox;

/// <summary>Where a record stands, and what counts of it.</summary>
/// <param name="Number">The record's.</param>
/// <param name="Topic">Where it goes.</param>
/// <param name="Class">How much it matters.</param>
/// <param name="Expires">When it is dropped, in milliseconds since 1970.</param>
/// <param name="Segment">Which file.</param>
/// <param name="Place">Where in it.</param>
/// <param name="Length">Bytes in it.</param>
internal sealed record StoredRecord(long Number, string Topic, OutboxClass Class, long Expires, Segment Segment, long Place, int Length);

/// <summary>Records that are stored together or not at all.</summary>
internal sealed class OutboxBatch
{
    public List<LogRecord> Records { get; } = [];

    public long Bytes { get; set; }

    /// <summary>Ends when they are on the disk.</summary>
    public TaskCompletionSource Stored { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>A deliberate bug, so that the tests of crashes can show that they would see it.</summary>
internal enum OutboxBug
{
    None,
    AcknowledgesBeforeFlush,
    IgnoresCheckSums,
    DeletesBeforeCopied,
}
