using System.Buffers;

namespace Hybrid.Edge.Mqtt.Packets;

/// <summary>Asks whether the broker is still there.</summary>
internal readonly struct PingPacket : IPacket
{
    public int Size => 2;

    public void WriteTo(IBufferWriter<byte> output) => output.Write((ReadOnlySpan<byte>)[0xC0, 0x00]);
}
