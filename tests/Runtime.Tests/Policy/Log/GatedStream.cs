namespace Hybrid.Tests.Policy.Log;

/// <summary>Writes through to a file, but waits at a gate, or refuses as a full disk does, for as long as it is told to.</summary>
internal sealed class GatedStream(Stream inner, StreamGate gate) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => inner.Length;

    public override long Position { get => inner.Position; set => throw new NotSupportedException(); }

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        gate.Entered.Set();
        gate.Open.Wait();
        if (gate.Full)
        {
            inner.Write(buffer[..(buffer.Length / 2)]); // a disk takes what it can
            gate.Refused.Release();
            throw new IOException("No space left on device");
        }

        inner.Write(buffer);
    }

    protected override void Dispose(bool disposing)
    {
        inner.Dispose();
        base.Dispose(disposing);
    }
}

internal sealed class StreamGate
{
    public ManualResetEventSlim Entered { get; } = new();

    public ManualResetEventSlim Open { get; } = new(initialState: true);

    public SemaphoreSlim Refused { get; } = new(0);

    public volatile bool Full;
}
