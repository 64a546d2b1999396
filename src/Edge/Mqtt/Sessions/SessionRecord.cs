using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Hybrid.Edge.Mqtt.Packets;

namespace Hybrid.Edge.Mqtt.Sessions;

/// <summary>The records of a session's file: length, CRC-32C of the body, and the body, which begins with its kind. All numbers are little-endian.</summary>
internal static class SessionRecord
{
    private const int Head = 8;
    private const int SentHead = 3 + 8 + 8;

    public enum Kind : byte
    {
        /// <summary>The first one: the format's version and the client's name.</summary>
        Client = (byte)'C',

        /// <summary>A message is sent: number, order, when it was given, and its packet of MQTT 5.</summary>
        Sent = (byte)'S',

        /// <summary>The broker has it.</summary>
        Released = (byte)'R',

        /// <summary>Its number is free.</summary>
        Answered = (byte)'A',

        /// <summary>A message that arrives once was handled.</summary>
        Handled = (byte)'H',

        /// <summary>The broker will not send it again.</summary>
        Settled = (byte)'F',

        /// <summary>The broker has forgotten the session.</summary>
        Renewed = (byte)'N',
    }

    public static void WriteClient(IBufferWriter<byte> output, string client) => Write(output, [(byte)Kind.Client, 1, .. Encoding.UTF8.GetBytes(client)]);

    public static void WriteSent(IBufferWriter<byte> output, ushort id, KeptMessage kept)
    {
        var expiry = kept.Message.Expiry is { } time ? PublishProperties.Seconds(time) : (uint?)null;
        var packet = new PublishPacket(kept.Message, MqttVersion.V5, id, again: false, expiry);
        var body = new ArrayBufferWriter<byte>(SentHead + packet.Size);
        Span<byte> head = stackalloc byte[SentHead];
        head[0] = (byte)Kind.Sent;
        BinaryPrimitives.WriteUInt16LittleEndian(head[1..], id);
        BinaryPrimitives.WriteInt64LittleEndian(head[3..], kept.Order);
        BinaryPrimitives.WriteInt64LittleEndian(head[11..], kept.Given.ToUnixTimeMilliseconds());
        body.Write(head);
        packet.WriteTo(body);
        Write(output, body.WrittenSpan);
    }

    public static void WriteNumber(IBufferWriter<byte> output, Kind kind, ushort id)
    {
        Span<byte> body = stackalloc byte[3];
        body[0] = (byte)kind;
        BinaryPrimitives.WriteUInt16LittleEndian(body[1..], id);
        Write(output, body);
    }

    /// <summary>Takes the next record from the front; false at the end, or where one is torn or damaged.</summary>
    public static bool TryTake(ref ReadOnlyMemory<byte> file, out ReadOnlyMemory<byte> body)
    {
        body = default;
        if (file.Length < Head) return false;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(file.Span);
        if (length == 0 || length > file.Length - Head) return false;
        var found = file.Slice(Head, (int)length);
        if (BinaryPrimitives.ReadUInt32LittleEndian(file.Span[4..]) != Sum(found.Span)) return false;
        file = file[(Head + (int)length)..];
        body = found;
        return true;
    }

    public static string ReadClient(ReadOnlySpan<byte> body) => body is [(byte)Kind.Client, 1, .. var name]
        ? Encoding.UTF8.GetString(name)
        : throw PacketException.Malformed("a session of another version");

    public static (KeptMessage Kept, ushort Id) ReadSent(ReadOnlyMemory<byte> body)
    {
        var bytes = new ReadOnlySequence<byte>(body[SentHead..]);
        if (!PacketFrame.TryTake(ref bytes, int.MaxValue, out var header, out var publish)) throw PacketException.Malformed("half a message");
        var (message, id) = ReceivedPublish.Read(header & 15, publish, MqttVersion.V5, new ReceivedTopics(0));
        var given = DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(body.Span[11..]));
        return (new(message, given, BinaryPrimitives.ReadInt64LittleEndian(body.Span[3..]), IsReleased: false), id);
    }

    public static ushort ReadId(ReadOnlySpan<byte> body) => BinaryPrimitives.ReadUInt16LittleEndian(body[1..]);

    private static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> body)
    {
        var room = output.GetSpan(Head);
        BinaryPrimitives.WriteInt32LittleEndian(room, body.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(room[4..], Sum(body));
        output.Advance(Head);
        output.Write(body);
    }

    private static uint Sum(ReadOnlySpan<byte> bytes)
    {
        var sum = uint.MaxValue;
        for (; bytes.Length >= 8; bytes = bytes[8..]) sum = BitOperations.Crc32C(sum, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var one in bytes) sum = BitOperations.Crc32C(sum, one);
        return ~sum;
    }
}
