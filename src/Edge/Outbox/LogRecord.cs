using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Hybrid.Storage;

namespace Hybrid.Edge.Outbox;

/// <summary>What stands in a segment for one message.</summary>
/// <remarks>
/// Magic, length of what follows the check sum, CRC-32C over the record's place in its file, that length and all behind it; then number,
/// times, class, flags, lengths, topic, media type, payload. Little-endian. The place is in the check sum so that a record that was
/// copied into another one's payload is never taken for a record.
/// </remarks>
internal sealed record LogRecord
{
    public const int HeadBytes = 12;
    public const int LargestTopic = 1024;
    public const int LargestContentType = 255;
    private const uint Magic = 0x31424F48; // "HOB1"
    private const int FixedBytes = 8 + 8 + 8 + 1 + 1 + 2 + 2;
    private const byte RetainFlag = 1;

    /// <summary>Unique in the outbox, and higher than that of every record stored before it.</summary>
    public required long Number { get; init; }

    /// <summary>When it was stored, in milliseconds since 1970.</summary>
    public required long Time { get; init; }

    /// <summary>When nobody needs it any more, in milliseconds since 1970; <see cref="long.MaxValue"/>: never.</summary>
    public required long Expires { get; init; }

    public required OutboxMessage Message { get; init; }

    /// <summary>Bytes on the disk.</summary>
    public static int SizeOf(OutboxMessage message) =>
        HeadBytes + FixedBytes + Encoding.UTF8.GetByteCount(message.Topic) + Encoding.UTF8.GetByteCount(message.ContentType ?? "") + message.Payload.Length;

    /// <summary>The length of the record of which these are the first bytes, as they say; null: they are no beginning of one.</summary>
    public static int? LengthAt(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeadBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic) return null;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        return length is >= FixedBytes and <= int.MaxValue - HeadBytes ? HeadBytes + (int)length : null;
    }

    public void WriteTo(ArrayBufferWriter<byte> writer, long place)
    {
        var size = SizeOf(Message);
        var bytes = writer.GetSpan(size)[..size];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], size - HeadBytes);
        var body = bytes[HeadBytes..];
        BinaryPrimitives.WriteInt64LittleEndian(body, Number);
        BinaryPrimitives.WriteInt64LittleEndian(body[8..], Time);
        BinaryPrimitives.WriteInt64LittleEndian(body[16..], Expires);
        body[24] = (byte)Message.Class;
        body[25] = Message.Retain ? RetainFlag : (byte)0;
        var topic = Encoding.UTF8.GetBytes(Message.Topic, body[FixedBytes..]);
        var type = Encoding.UTF8.GetBytes(Message.ContentType ?? "", body[(FixedBytes + topic)..]);
        BinaryPrimitives.WriteUInt16LittleEndian(body[26..], (ushort)topic);
        BinaryPrimitives.WriteUInt16LittleEndian(body[28..], (ushort)type);
        Message.Payload.Span.CopyTo(body[(FixedBytes + topic + type)..]);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], Check(bytes, place));
        writer.Advance(size);
    }

    /// <summary>Reads the record that these bytes are.</summary>
    /// <param name="bytes">The record from its first byte to its last.</param>
    /// <param name="place">Where in its file it stands.</param>
    /// <param name="verify">Whether the check sum counts; only a test says no.</param>
    /// <returns>Null: it is torn or flipped.</returns>
    public static LogRecord? Read(ReadOnlySpan<byte> bytes, long place, bool verify = true)
    {
        if (LengthAt(bytes) != bytes.Length) return null;
        if (verify && Check(bytes, place) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..])) return null;
        var body = bytes[HeadBytes..];
        var (topic, type) = (BinaryPrimitives.ReadUInt16LittleEndian(body[26..]), BinaryPrimitives.ReadUInt16LittleEndian(body[28..]));
        if (FixedBytes + topic + type > body.Length) return null;
        return new()
        {
            Number = BinaryPrimitives.ReadInt64LittleEndian(body),
            Time = BinaryPrimitives.ReadInt64LittleEndian(body[8..]),
            Expires = BinaryPrimitives.ReadInt64LittleEndian(body[16..]),
            Message = new()
            {
                Topic = Encoding.UTF8.GetString(body.Slice(FixedBytes, topic)),
                ContentType = type == 0 ? null : Encoding.UTF8.GetString(body.Slice(FixedBytes + topic, type)),
                Class = (OutboxClass)Math.Min(body[24], (byte)OutboxClass.High),
                Retain = (body[25] & RetainFlag) != 0,
                Payload = body[(FixedBytes + topic + type)..].ToArray(),
            },
        };
    }

    private static uint Check(ReadOnlySpan<byte> bytes, long place)
    {
        Span<byte> at = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(at, place);
        return Crc32C.Append(Crc32C.Append(Crc32C.Append(Crc32C.Start, at), bytes.Slice(4, 4)), bytes[HeadBytes..]);
    }
}
