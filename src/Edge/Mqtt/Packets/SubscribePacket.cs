using System.Buffers;

namespace Hybrid.Edge.Mqtt.Packets;

/// <summary>Asks for one subscription.</summary>
/// <param name="Id">The packet's number.</param>
/// <param name="Wanted">What is asked for.</param>
/// <param name="Number">The subscription's own number, which comes with its messages; 0: none.</param>
/// <param name="Version">How it is written.</param>
internal readonly record struct SubscribePacket(ushort Id, MqttSubscription Wanted, int Number, MqttVersion Version) : IPacket
{
    public int Size => 1 + PacketWriter.SizeOf(Length) + Length;

    private int Properties => Number > 0 ? 1 + PacketWriter.SizeOf(Number) : 0;

    private int Length => 2 + (Version == MqttVersion.V5 ? PacketWriter.SizeOf(Properties) + Properties : 0) + PacketWriter.SizeOf(Wanted.Filter) + 1;

    public void WriteTo(IBufferWriter<byte> output)
    {
        var size = Size;
        var writer = new PacketWriter(output.GetSpan(size));
        writer.Header(PacketType.Subscribe, 2, Length);
        writer.Number(Id);
        if (Version == MqttVersion.V5)
        {
            writer.Variable(Properties);
            if (Number > 0)
            {
                writer.Property(PacketProperty.SubscriptionId);
                writer.Variable(Number);
            }
        }

        writer.Text(Wanted.Filter);
        writer.Byte(Version == MqttVersion.V5
            ? (int)Wanted.Qos | (Wanted.NoLocal ? 4 : 0) | (Wanted.RetainAsPublished ? 8 : 0) | ((int)Wanted.RetainHandling << 4)
            : (int)Wanted.Qos);
        output.Advance(size);
    }
}
