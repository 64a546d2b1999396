using System.Buffers;

namespace Hybrid.Edge.Mqtt.Packets;

/// <summary>A message on its way to the broker.</summary>
internal readonly struct PublishPacket : IPacket
{
    private readonly MqttMessage _message;
    private readonly MqttVersion _version;
    private readonly ushort _id;
    private readonly bool _again;
    private readonly uint? _expiry;
    private readonly int _alias;
    private readonly bool _named;
    private readonly int _properties;
    private readonly int _length;

    /// <param name="message">What is sent.</param>
    /// <param name="version">How it is written.</param>
    /// <param name="id">Its number; of no meaning at most once.</param>
    /// <param name="again">Whether it may have been sent before.</param>
    /// <param name="expiry">Seconds that are left to it.</param>
    /// <param name="alias">The number for its topic; 0: none.</param>
    /// <param name="named">Whether the topic itself is written, too.</param>
    public PublishPacket(MqttMessage message, MqttVersion version, ushort id, bool again, uint? expiry, int alias = 0, bool named = true)
    {
        (_message, _version, _id, _again, _expiry, _alias, _named) = (message, version, id, again, expiry, alias, named);
        _properties = version == MqttVersion.V5 ? PublishProperties.SizeOf(message, expiry, alias) : 0;
        var length = (long)(named ? PacketWriter.SizeOf(message.Topic) : 2) + (message.Qos > MqttQos.AtMostOnce ? 2 : 0) + message.Payload.Length
            + (version == MqttVersion.V5 ? PacketWriter.SizeOf(_properties) + _properties : 0);
        if (length > MostBytes)
            throw new HybridException(HybridError.InvalidRequest, $"A message of {length} bytes is more than the {MostBytes} that MQTT allows. It was not sent; send it in parts.");
        _length = (int)length;
    }

    /// <summary>What the length of a packet can say.</summary>
    public const int MostBytes = 268_435_455;

    public int Size => 1 + PacketWriter.SizeOf(_length) + _length;

    public void WriteTo(IBufferWriter<byte> output)
    {
        var size = Size - _message.Payload.Length;
        var writer = new PacketWriter(output.GetSpan(size));
        writer.Header(PacketType.Publish, (_again ? 8 : 0) | ((int)_message.Qos << 1) | (_message.Retain ? 1 : 0), _length);
        writer.Text(_named ? _message.Topic : "");
        if (_message.Qos > MqttQos.AtMostOnce) writer.Number(_id);
        if (_version == MqttVersion.V5)
        {
            writer.Variable(_properties);
            PublishProperties.Write(ref writer, _message, _expiry, _alias);
        }

        output.Advance(size);
        output.Write(_message.Payload.Span);
    }
}
