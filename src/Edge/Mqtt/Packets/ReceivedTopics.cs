namespace Hybrid.Edge.Mqtt.Packets;

/// <summary>The topics of one connection: the broker's short numbers for them, and the texts of the last ones, which mostly come again.</summary>
/// <param name="aliases">The largest number that the broker may use.</param>
internal sealed class ReceivedTopics(int aliases)
{
    private const int Known = 256; // a power of two

    private readonly string?[] _aliases = new string?[aliases + 1];
    private readonly (byte[] Name, string Topic)[] _known = new (byte[], string)[Known];

    public string Resolve(ReadOnlySpan<byte> name, ushort? alias)
    {
        if (alias is not { } number) return name.IsEmpty ? throw PacketException.Protocol("a message without a topic") : Text(name);
        if (number == 0 || number >= _aliases.Length) throw new PacketException(MqttReasonCode.TopicAliasInvalid, $"the topic alias {number}");
        if (name.IsEmpty) return _aliases[number] ?? throw PacketException.Protocol($"the topic alias {number} before its topic");
        return _aliases[number] = Text(name);
    }

    private string Text(ReadOnlySpan<byte> name)
    {
        var hash = new HashCode();
        hash.AddBytes(name);
        ref var known = ref _known[hash.ToHashCode() & (Known - 1)];
        if (known.Name is not null && name.SequenceEqual(known.Name)) return known.Topic;
        var topic = PacketReader.Decode(name);
        if (name.ContainsAny((byte)'+', (byte)'#')) throw new PacketException(MqttReasonCode.TopicNameInvalid, "a topic with wildcards");
        known = (name.ToArray(), topic);
        return topic;
    }
}
