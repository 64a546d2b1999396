using Hybrid.Storage;

namespace Hybrid.Edge.Outbox;

internal sealed partial class OutboxStore
{
    private const int MarksAtOnce = 256;

    /// <summary>Records that wait no more and would be sent again after a crash.</summary>
    public int Unmarked
    {
        get
        {
            lock (_lock) return _segments.Sum(segment => segment.Done.Count - segment.Marked);
        }
    }

    /// <summary>Whether so many wait for their mark that it should not be put off.</summary>
    public bool MarksAreDue => Unmarked >= MarksAtOnce;

    /// <summary>Drops what is too old, deletes files of which nothing waits, and marks on the disk what waits no more elsewhere.</summary>
    public void Clean()
    {
        lock (_disk)
        {
            lock (_lock)
            {
                if (_closed) return;
                Sweep(Now);
            }

            Tidy();
        }
    }

    /// <summary>The caller holds the folder.</summary>
    private void Tidy()
    {
        try
        {
            DeleteEmpty();
            Compact();
            Mark();
        }
        catch (Exception exception) when (StorageFaults.IsOurs(exception))
        {
            OutboxLog.NotTidied(_logger, exception.Message);
        }
    }

    private void DeleteEmpty()
    {
        Segment[] empty;
        lock (_lock) empty = [.. Closed().Where(segment => segment.Waiting.Count == 0)];
        Delete(empty);
    }

    /// <summary>Those that nothing is appended to; the newest stays in any case, for its number.</summary>
    private IEnumerable<Segment> Closed()
    {
        var newest = _segments.MaxBy(segment => segment.Number);
        return _segments.Where(segment => segment != _active && segment != newest);
    }

    private void Delete(Segment[] segments)
    {
        if (segments.Length == 0) return;
        foreach (var segment in segments) _folder.Delete(segment.Name);
        _folder.FlushFolder(); // before their marks are forgotten
        lock (_lock) _segments.RemoveAll(segments.Contains);
    }

    /// <summary>Whether more of the disk is used than twice what waits, and two files.</summary>
    private bool ShouldCompact()
    {
        lock (_lock) return _segments.Sum(segment => segment.Length) > (2 * _waiting.Bytes) + (2 * _options.SegmentBytes);
    }

    /// <summary>Moves the few records that keep a large file alive; they keep their numbers, and so their order.</summary>
    private void Compact()
    {
        while (ShouldCompact())
        {
            Segment? victim;
            WaitingRecord[] moving;
            lock (_lock)
            {
                victim = Closed().Where(segment => segment.Length > 0 && segment.WaitingBytes * 2 <= segment.Length).MinBy(segment => (double)segment.WaitingBytes / segment.Length);
                if (victim is null) return;
                moving = [.. victim.Waiting.Values.OrderBy(record => record.Number)];
            }

            var records = moving.Select(record => (Waiting: record, Record: Read(record))).ToArray();
            if (_bug is OutboxBug.DeletesBeforeCopied) Delete([victim]);
            var copies = Put([.. records.Select(one => one.Record).OfType<LogRecord>()]).ToDictionary(copy => copy.Number);
            lock (_lock)
            {
                foreach (var (waiting, record) in records)
                {
                    var waits = victim.Waiting.ContainsKey(waiting.Number);
                    if (record is null && waits) Lose(waiting);
                    else if (record is not null && waits) WaitingRecords.Move(waiting, copies[record.Number].Segment, copies[record.Number].Place);
                    else if (record is not null) copies[record.Number].Segment.Done.Add(record.Number); // sent meanwhile
                }
            }

            Delete([victim]);
        }
    }

    private void Mark()
    {
        List<long> added = [], all = [];
        List<(Segment Segment, int Done)> marked = [];
        lock (_lock)
        {
            foreach (var segment in _segments)
            {
                added.AddRange(segment.Done.Skip(segment.Marked));
                all.AddRange(segment.Done);
                marked.Add((segment, segment.Done.Count));
            }
        }

        if (added.Count == 0) return;
        _marks.Add(added, all);
        lock (_lock)
        {
            foreach (var (segment, done) in marked) segment.Marked = done;
        }
    }

    /// <summary>A record's bytes; null: they are damaged. The caller holds the folder.</summary>
    private LogRecord? Read(WaitingRecord record)
    {
        var bytes = new byte[record.Length];
        return _folder.Read(record.Segment.Name, record.Place, bytes) == bytes.Length ? LogRecord.Read(bytes, record.Place) : null;
    }

    /// <summary>Gives up a record that cannot be read; the caller holds the lock.</summary>
    private void Lose(WaitingRecord record)
    {
        OutboxLog.Lost(_logger, record.Topic.Topic);
        _waiting.Remove(record);
        _counted = _counted with { Damaged = _counted.Damaged + 1 };
    }
}
