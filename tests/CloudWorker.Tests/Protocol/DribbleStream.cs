namespace Hybrid.CloudWorker.Tests.Protocol;

/// <summary>Gives at most a few bytes at each read, as a bad network does.</summary>
internal sealed class DribbleStream(byte[] bytes, int most) : MemoryStream(bytes)
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        base.ReadAsync(buffer[..Math.Min(most, buffer.Length)], cancellationToken);
}
