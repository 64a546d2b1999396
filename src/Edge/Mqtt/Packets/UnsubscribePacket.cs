using System.Buffers;

namespace Hybrid.Edge.Mqtt.Packets;

/// <summary>Ends one subscription.</summary>
internal readonly record struct UnsubscribePacket(ushort Id, string Filter, MqttVersion Version) : IPacket
{
    public int Size => 1 + PacketWriter.SizeOf(Length) + Length;

    private int Length => 2 + (Version == MqttVersion.V5 ? 1 : 0) + PacketWriter.SizeOf(Filter);

    public void WriteTo(IBufferWriter<byte> output)
    {
        var size = Size;
        var writer = new PacketWriter(output.GetSpan(size));
        writer.Header(PacketType.Unsubscribe, 2, Length);
        writer.Number(Id);
        if (Version == MqttVersion.V5) writer.Variable(0);
        writer.Text(Filter);
        output.Advance(size);
    }
}
