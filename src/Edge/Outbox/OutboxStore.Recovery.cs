namespace Hybrid.Edge.Outbox;

internal sealed partial class OutboxStore
{
    private const int NumbersPerMillisecond = 20; // as a power of two

    /// <summary>Finds what waits, whatever the last process left.</summary>
    private void Recover()
    {
        var names = _folder.List();
        var marked = _marks.Read(names);
        var (highest, lost) = (marked.Count == 0 ? -1 : marked.Max(), 0L);
        Dictionary<long, StoredRecord> found = [];
        foreach (var segment in names.Select(Segment.Named).OfType<Segment>().OrderBy(segment => segment.Number))
        {
            _segments.Add(segment);
            highest = Math.Max(highest, segment.Number);
            var bytes = _folder.ReadAll(segment.Name);
            segment.Length = bytes.Length;
            // A record may stand twice, when it was being moved or a file was copied; its number says so, and the last one counts.
            var (places, unread) = SegmentScan.Read(
                bytes,
                (record, place, length) => found[record.Number] = new(record.Number, record.Message.Topic, record.Message.Class, EndOf(record), segment, place, length),
                _bug is not OutboxBug.IgnoresCheckSums);
            lost += unread;
            if (places == 0) continue;
            _counted = _counted with { Damaged = _counted.Damaged + places };
            OutboxLog.Damaged(_logger, segment.Name, places, unread);
        }

        foreach (var record in found.Values.OrderBy(record => record.Number))
        {
            highest = Math.Max(highest, record.Number);
            if (marked.Contains(record.Number)) record.Segment.Done.Add(record.Number);
            else _waiting.Add(record);
        }

        foreach (var segment in _segments) segment.Marked = segment.Done.Count;
        // Never a number that was given out before, for a receiver would take it for a repeat: a lost byte may have been a record, and
        // a folder that was thrown away goes on with the clock.
        _next = Math.Max(highest + 1 + lost, Now << NumbersPerMillisecond);
        _counted = _counted with { Recovered = _waiting.Count };
        if (_waiting.Count > 0) OutboxLog.Recovered(_logger, _waiting.Count);
    }
}
