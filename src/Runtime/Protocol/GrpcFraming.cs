using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;

namespace Hybrid.Protocol;

/// <summary>gRPC's length-prefixed messages: one flag byte, four bytes of length, the message.</summary>
internal static class GrpcFraming
{
    public const int PrefixLength = 5;

    /// <summary>What either side takes by default, in bytes; gRPC's own default.</summary>
    public const int DefaultMessageLimit = 4 * 1024 * 1024;

    /// <summary>Writes one message, uncompressed.</summary>
    public static void Write(IBufferWriter<byte> writer, IMessage message)
    {
        var length = message.CalculateSize();
        var prefix = writer.GetSpan(PrefixLength);
        prefix[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(prefix[1..], (uint)length);
        writer.Advance(PrefixLength);
        message.WriteTo(writer);
    }

    /// <summary>One message as bytes, ready to be a request's whole body.</summary>
    public static byte[] ToArray(IMessage message)
    {
        var writer = new ArrayBufferWriter<byte>(message.CalculateSize() + PrefixLength);
        Write(writer, message);
        return writer.WrittenSpan.ToArray();
    }
}
