using System.Buffers;

namespace Hybrid.Edge.Mqtt.Packets;

/// <summary>A packet to the broker.</summary>
internal interface IPacket
{
    /// <summary>Bytes of the whole packet.</summary>
    int Size { get; }

    /// <summary>Writes exactly <see cref="Size"/> bytes.</summary>
    void WriteTo(IBufferWriter<byte> output);
}
