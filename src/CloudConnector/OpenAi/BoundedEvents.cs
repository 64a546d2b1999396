namespace Hybrid.CloudConnector.OpenAi;

/// <summary>A body of server-sent events in which no event may grow beyond bounds, for who reads it keeps each one whole.</summary>
internal sealed class BoundedEvents(Stream body) : Stream
{
    /// <summary>Bytes of the longest event; a whole call of a tool is far below.</summary>
    public const int LongestEvent = 1 << 20;

    private int _length;
    private byte _previous;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Count(buffer.AsSpan(offset, body.Read(buffer, offset, count)));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await body.ReadAsync(buffer, cancellationToken);
        return Count(buffer.Span[..count]);
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            body.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>An event ends with an empty line, which ends with <c>\n</c>, <c>\r\n</c> or <c>\r</c> as the others do.</summary>
    private int Count(ReadOnlySpan<byte> read)
    {
        var from = 0;
        while (read[from..].IndexOfAny((byte)'\r', (byte)'\n') is >= 0 and var next)
        {
            var at = from + next;
            var before = next > 0 ? (byte)0 : _previous;
            var second = before == '\r' && read[at] == '\n'; // the rest of the same end of line
            var blank = !second && before is ((byte)'\r' or (byte)'\n');
            Grow(next + 1);
            if (blank)
                _length = 0;
            _previous = read[at];
            from = at + 1;
        }

        if (from < read.Length)
        {
            Grow(read.Length - from);
            _previous = 0;
        }

        return read.Length;
    }

    private void Grow(int bytes)
    {
        _length += bytes;
        if (_length > LongestEvent)
            throw new PoolFault($"it sent an event of more than {LongestEvent} bytes, or a line without an end");
    }
}
