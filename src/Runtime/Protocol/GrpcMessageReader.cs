using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;

namespace Hybrid.Protocol;

/// <summary>Reads length-prefixed messages from a stream. Not thread-safe.</summary>
internal sealed class GrpcMessageReader(Stream stream, int messageLimit = GrpcFraming.DefaultMessageLimit)
{
    private readonly byte[] _prefix = new byte[GrpcFraming.PrefixLength];

    /// <summary>The next message, or null when the stream ended between two messages.</summary>
    /// <exception cref="GrpcException">Cut within a message, compressed, over the limit, or not a message at all.</exception>
    public async ValueTask<T?> ReadAsync<T>(MessageParser<T> parser, CancellationToken cancellationToken = default)
        where T : class, IMessage<T>
    {
        var read = await stream.ReadAtLeastAsync(_prefix, _prefix.Length, throwOnEndOfStream: false, cancellationToken);
        if (read == 0)
            return null;
        if (read < _prefix.Length)
            throw Cut(read, _prefix.Length);
        if (_prefix[0] == 1)
            throw Fault(GrpcStatus.Unimplemented, "The message is compressed; only identity encoding is understood.");
        if (_prefix[0] != 0)
            throw Fault(GrpcStatus.Internal, $"A message starts with flag {_prefix[0]}; gRPC knows 0 and 1.");
        var length = BinaryPrimitives.ReadUInt32BigEndian(_prefix.AsSpan(1));
        if (length > messageLimit)
            throw Fault(GrpcStatus.ResourceExhausted, $"A message of {length} bytes is over the limit of {messageLimit}.");
        return await ReadBodyAsync(parser, (int)length, cancellationToken);
    }

    private async ValueTask<T> ReadBodyAsync<T>(MessageParser<T> parser, int length, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var read = await stream.ReadAtLeastAsync(buffer.AsMemory(0, length), length, throwOnEndOfStream: false, cancellationToken);
            if (read < length)
                throw Cut(read, length);
            return parser.ParseFrom(buffer, 0, length);
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw Fault(GrpcStatus.Internal, $"A message of {length} bytes is not a {typeof(T).Name}.", exception);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static GrpcException Cut(int read, int wanted) =>
        Fault(GrpcStatus.Unavailable, $"The stream ended within a message, after {read} of {wanted} bytes.");

    private static GrpcException Fault(GrpcStatus status, string message, Exception? inner = null) => new(status, message, inner) { IsLocal = true };
}
