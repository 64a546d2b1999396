namespace Hybrid.Edge.Tests.Mqtt.Packets;

/// <summary>A broker that says a few bytes and then nothing; what is written to it is gone.</summary>
internal sealed class ScriptedStream(byte[] says) : Stream
{
    private int _said;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = Math.Min(buffer.Length, says.Length - _said);
        says.AsSpan(_said, count).CopyTo(buffer.Span);
        _said += count;
        return new(count);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public override void Write(byte[] buffer, int offset, int count)
    {
        // It is gone.
    }

    public override void Flush()
    {
        // Nothing waits.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
