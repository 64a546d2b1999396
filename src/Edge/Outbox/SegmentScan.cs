namespace Hybrid.Edge.Outbox;

/// <summary>Finds the records of a segment, whatever a power loss or a bad disk did to it.</summary>
internal static class SegmentScan
{
    /// <param name="bytes">The whole file.</param>
    /// <param name="found">Told each record that is whole, and where it stands.</param>
    /// <param name="verify">Whether check sums count; only a test says no.</param>
    /// <returns>How many places could not be read, and their bytes. Zeros, or the beginning of a record, at the end are one too: whether they were lost or never finished cannot be told.</returns>
    public static (int Places, long Bytes) Read(ReadOnlySpan<byte> bytes, Action<LogRecord, long, int> found, bool verify = true)
    {
        var (at, places, lost) = (0, 0, 0L);
        var inDamage = false;
        while (at < bytes.Length)
        {
            if (LogRecord.LengthAt(bytes[at..]) is { } length && length <= bytes.Length - at
                && LogRecord.Read(bytes.Slice(at, length), at, verify) is { } record)
            {
                found(record, at, length);
                at += length;
                inDamage = false;
                continue;
            }

            if (!inDamage) places++;
            inDamage = true;
            var next = Next(bytes, at + 1);
            lost += next - at;
            at = next;
        }

        return (places, lost);
    }

    /// <summary>Where the next record may begin.</summary>
    private static int Next(ReadOnlySpan<byte> bytes, int from)
    {
        var next = bytes[from..].IndexOf("HOB1"u8);
        return next < 0 ? bytes.Length : from + next;
    }
}
