namespace Hybrid.Policy.Log;

/// <summary>Reads a file line by line in bounded memory, whatever the file holds.</summary>
internal static class LineReader
{
    /// <summary>No record of ours is longer.</summary>
    public const int MostBytes = 4 << 20;

    /// <summary>The lines, without their ends; null where one was too long and was passed over.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>?> Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var buffer = new byte[64 << 10];
        var (start, end, tooLong) = (0, 0, false);
        while (true)
        {
            var line = buffer.AsMemory(start, end - start);
            var at = line.Span.IndexOf((byte)'\n');
            if (at >= 0)
            {
                yield return tooLong ? (ReadOnlyMemory<byte>?)null : line[..at];
                tooLong = false;
                start += at + 1;
                continue;
            }

            if (line.Length >= MostBytes || tooLong)
                (tooLong, start, end) = (true, 0, 0);
            else if (start > 0)
                (start, end) = (0, Move(buffer, start, end));
            else if (end == buffer.Length)
                Array.Resize(ref buffer, buffer.Length * 2);
            var read = file.Read(buffer, end, buffer.Length - end);
            end += read;
            if (read > 0)
                continue;
            if (end > start || tooLong)
                yield return tooLong ? (ReadOnlyMemory<byte>?)null : buffer.AsMemory(start, end - start); // the last line has no end: it was cut off, or is being written
            yield break;
        }
    }

    private static int Move(byte[] buffer, int start, int end)
    {
        buffer.AsSpan(start, end - start).CopyTo(buffer);
        return end - start;
    }
}
