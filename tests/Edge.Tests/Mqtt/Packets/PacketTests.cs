using System.Buffers;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Mqtt.Packets;

namespace Hybrid.Edge.Tests.Mqtt.Packets;

/// <summary>The bytes of packets; the long ones were made by mqtt-packet 9, which is not ours.</summary>
public sealed class PacketTests
{
    private static readonly MqttMessage Full = new()
    {
        Topic = "a/b",
        Payload = "hello"u8.ToArray(),
        Qos = MqttQos.ExactlyOnce,
        Retain = true,
        Expiry = TimeSpan.FromSeconds(9),
        ContentType = "t",
        ResponseTopic = "r/t",
        CorrelationData = new byte[] { 9, 8, 7 },
        UserProperties = [new("k", "v1"), new("k", "v2")],
    };

    private static readonly MqttMessage Plain = new() { Topic = "a/b", Payload = "hello"u8.ToArray(), Qos = MqttQos.AtLeastOnce };

    [Fact]
    public void A_connect_has_all_that_the_options_say()
    {
        var options = new MqttClientOptions
        {
            Broker = new("mqtt://localhost"),
            UserName = "u",
            Will = new(new()
            {
                Topic = "w/t",
                Payload = "gone"u8.ToArray(),
                Qos = MqttQos.AtLeastOnce,
                Retain = true,
                Expiry = TimeSpan.FromSeconds(7),
                ContentType = "text/plain",
                ResponseTopic = "r",
                CorrelationData = new byte[] { 1, 2 },
                UserProperties = [new("a", "b")],
            })
            { Delay = TimeSpan.FromSeconds(5) },
        };
        Assert.Equal(
            "105d00044d51545405ee003c101100000e102101002701000000220010000764c3a976696365271800000005020000000703000a746578742f706c61696e080001720900020102260001610001620003772f740004676f6e65000175000170",
            Hex(new ConnectPacket(options, "dévice", Clean: true, "p")));
        var three = options with { Version = MqttVersion.V311, Will = new(new() { Topic = "w", Payload = "x"u8.ToArray(), Qos = MqttQos.ExactlyOnce }) };
        Assert.Equal("101900044d51545404d4003c000163000177000178000175000170", Hex(new ConnectPacket(three, "c", Clean: false, "p")));
        Assert.DoesNotContain("secret", new ConnectPacket(options, "c", Clean: false, "secret").ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Packets_to_the_broker_are_those_of_another_encoder()
    {
        Assert.Equal(
            "3d350003612f62123428230003020000000903000174080003722f740900030908072600016b000276312600016b0002763268656c6c6f",
            Hex(new PublishPacket(Full, MqttVersion.V5, 0x1234, again: true, expiry: 9, alias: 3)));
        Assert.Equal("320c0003612f62000168656c6c6f", Hex(new PublishPacket(Plain, MqttVersion.V311, 1, again: false, expiry: null)));
        var wanted = new MqttSubscription("a/#", MqttQos.ExactlyOnce) { NoLocal = true, RetainAsPublished = true, RetainHandling = MqttRetainHandling.SendIfNew };
        Assert.Equal("820c0007030bac020003612f231e", Hex(new SubscribePacket(7, wanted, 300, MqttVersion.V5)));
        Assert.Equal("820800070003612f2301", Hex(new SubscribePacket(7, new("a/#"), 0, MqttVersion.V311)));
        Assert.Equal("a2080008000003612f23", Hex(new UnsubscribePacket(8, "a/#", MqttVersion.V5)));
        Assert.Equal("e00700051100000000", Hex(new DisconnectPacket(MqttVersion.V5, MqttReasonCode.Success, ForgetSession: true)));
        Assert.Equal("6203000592", Hex(new AckPacket(PacketType.PubRel, 5, MqttReasonCode.PacketIdentifierNotFound)));
        Assert.Equal("e000", Hex(new DisconnectPacket(MqttVersion.V311, MqttReasonCode.ProtocolError)));
        Assert.Equal("c000", Hex(default(PingPacket)));
    }

    [Fact]
    public void A_connack_says_what_the_broker_can_do()
    {
        var answer = ConnAckPacket.Read(Body("2034010031110000003c2100142401250027000003e8120005676976656e22000a1f0002686926000178000179280029002a0013001e"), MqttVersion.V5);
        Assert.Equal((true, MqttReasonCode.Success, "given", "hi"), (answer.SessionPresent, answer.Reason, answer.Properties.ClientId, answer.Properties.Reason));
        var limits = Hybrid.Edge.Mqtt.Wire.BrokerLimits.Of(answer.Properties, new() { Broker = new("mqtt://localhost") });
        Assert.Equal(new(MqttVersion.V5, MqttQos.AtLeastOnce, false, false, false, false, 20, 1000, 10, TimeSpan.FromSeconds(30)), limits);
        Assert.Equal(MqttReasonCode.NotAuthorized, ConnAckPacket.Read([0, 5], MqttVersion.V311).Reason);
        Assert.Equal(MqttReasonCode.UnsupportedProtocolVersion, ConnAckPacket.Read([0, 1], MqttVersion.V5).Reason); // from a broker of 3.1.1
    }

    [Fact]
    public void Refusals_come_with_their_words()
    {
        Assert.Equal(new GrantPacket(7, MqttReasonCode.NotAuthorized, "no"), GrantPacket.Read(PacketType.SubAck, Body("90090007051f00026e6f87"), MqttVersion.V5));
        Assert.Equal((MqttReasonCode.ServerMoved, "moved (it names the server other:1883)"), DisconnectPacket.Read(Body("e0179d151f00056d6f7665641c000a6f746865723a31383833"), MqttVersion.V5));
    }

    [Theory]
    [InlineData(MqttVersion.V5, 1)]
    [InlineData(MqttVersion.V5, 7)]
    [InlineData(MqttVersion.V311, 3)]
    public void A_message_is_read_as_it_was_written_however_its_bytes_are_cut(MqttVersion version, int piece)
    {
        var packet = new PublishPacket(Full, version, 77, again: true, expiry: 9);
        var bytes = Cut(Written(packet), piece);
        Assert.True(PacketFrame.TryTake(ref bytes, 1000, out var header, out var body));
        Assert.True(bytes.IsEmpty);
        var (message, id) = ReceivedPublish.Read(header & 15, body, version, new(0));
        Assert.Equal((77, Full.Topic, Full.Qos, true, true), (id, message.Topic, message.Qos, message.Retain, message.IsDuplicate));
        Assert.Equal(Full.Payload.ToArray(), message.Payload.ToArray());
        if (version != MqttVersion.V5) return;
        Assert.Equal((Full.Expiry, Full.ContentType, Full.ResponseTopic), (message.Expiry, message.ContentType, message.ResponseTopic));
        Assert.Equal(Full.CorrelationData.ToArray(), message.CorrelationData.ToArray());
        Assert.Equal(Full.UserProperties, message.UserProperties);
    }

    [Fact]
    public void Half_a_packet_is_no_packet()
    {
        var whole = Written(new PublishPacket(Full, MqttVersion.V5, 1, again: false, expiry: null));
        for (var length = 0; length < whole.Length; length++)
        {
            var part = new ReadOnlySequence<byte>(whole.AsMemory(0, length));
            Assert.False(PacketFrame.TryTake(ref part, 1000, out _, out _));
            Assert.Equal(length, part.Length);
        }
    }

    [Theory]
    [InlineData("30ffffffff01", MqttReasonCode.MalformedPacket)] // a length of five bytes
    [InlineData("30ffffff7f", MqttReasonCode.PacketTooLarge)] // 256 MiB, announced only
    [InlineData("30e907", MqttReasonCode.PacketTooLarge)] // one byte more than allowed
    public void A_length_that_is_not_allowed_is_refused_at_once(string bytes, MqttReasonCode reason) =>
        Assert.Equal(reason, Assert.Throws<PacketException>(() =>
        {
            var sequence = new ReadOnlySequence<byte>(Convert.FromHexString(bytes));
            PacketFrame.TryTake(ref sequence, 1000, out _, out _);
        }).Reason);

    [Theory]
    [InlineData(6, "0003612f620001", MqttReasonCode.MalformedPacket)] // a quality of service of 3
    [InlineData(8, "0003612f6200", MqttReasonCode.ProtocolError)] // again, and at most once
    [InlineData(2, "0003612f62000000", MqttReasonCode.ProtocolError)] // the number 0
    [InlineData(0, "0003612f", MqttReasonCode.MalformedPacket)] // a topic that ends too early
    [InlineData(0, "0002c32800", MqttReasonCode.MalformedPacket)] // not UTF-8
    [InlineData(0, "0003eda08000", MqttReasonCode.MalformedPacket)] // a surrogate
    [InlineData(0, "000261000000", MqttReasonCode.MalformedPacket)] // U+0000
    [InlineData(0, "0003612f2300", MqttReasonCode.TopicNameInvalid)] // a wildcard
    [InlineData(0, "000000", MqttReasonCode.ProtocolError)] // no topic and no alias
    [InlineData(0, "00000323000a", MqttReasonCode.TopicAliasInvalid)] // an alias above what was agreed
    [InlineData(0, "000003230000", MqttReasonCode.TopicAliasInvalid)] // the alias 0
    [InlineData(0, "000003230001", MqttReasonCode.ProtocolError)] // an alias before its topic
    [InlineData(0, "000161027f00", MqttReasonCode.MalformedPacket)] // an unknown property
    [InlineData(0, "0001610511000000ff", MqttReasonCode.MalformedPacket)] // a property of another packet
    [InlineData(0, "00016108030001780300017a", MqttReasonCode.ProtocolError)] // a property twice
    [InlineData(0, "0001610a03000178", MqttReasonCode.MalformedPacket)] // properties that end too early
    [InlineData(0, "000161020102", MqttReasonCode.ProtocolError)] // a format that is neither
    [InlineData(0, "000161020b00", MqttReasonCode.ProtocolError)] // the subscription 0
    public void A_message_that_breaks_the_rules_is_refused_with_the_right_reason(int flags, string body, MqttReasonCode reason) =>
        Assert.Equal(reason, Assert.Throws<PacketException>(() =>
            ReceivedPublish.Read(flags, new(Convert.FromHexString(body)), MqttVersion.V5, new(5))).Reason);

    [Fact]
    public void Small_properties_cannot_fill_the_memory()
    {
        var pairs = new byte[5 * 20_000];
        for (var i = 0; i < pairs.Length; i += 5) pairs[i] = (byte)PacketProperty.UserProperty;
        byte[] body = [0, 1, (byte)'a', 0xA0, 0x8D, 0x06, .. pairs];
        Assert.Equal(MqttReasonCode.QuotaExceeded, Assert.Throws<PacketException>(() => ReceivedPublish.Read(0, new(body), MqttVersion.V5, new(0))).Reason);
    }

    [Fact]
    public void A_number_stands_for_a_topic_once_it_was_given()
    {
        var topics = new ReceivedTopics(2);
        Assert.Equal("one", topics.Resolve("one"u8, 1));
        Assert.Equal("two", topics.Resolve("two"u8, 2));
        Assert.Equal("one", topics.Resolve(default, 1));
        Assert.Equal("three", topics.Resolve("three"u8, 1));
        Assert.Equal("three", topics.Resolve(default, 1));
        Assert.Same(topics.Resolve("three"u8, null), topics.Resolve("three"u8, null));
    }

    [Fact]
    public void Text_that_is_too_long_is_refused_before_it_is_written()
    {
        var message = Plain with { ContentType = new string('x', 70_000) };
        Assert.Equal(HybridError.InvalidRequest, Assert.Throws<HybridException>(() => new PublishPacket(message, MqttVersion.V5, 1, false, null)).Error);
    }

    private static byte[] Written<T>(T packet) where T : IPacket
    {
        var output = new ArrayBufferWriter<byte>();
        packet.WriteTo(output);
        Assert.Equal(packet.Size, output.WrittenCount);
        return output.WrittenSpan.ToArray();
    }

    private static string Hex<T>(T packet) where T : IPacket => Convert.ToHexStringLower(Written(packet));

    private static byte[] Body(string packet)
    {
        var bytes = new ReadOnlySequence<byte>(Convert.FromHexString(packet));
        Assert.True(PacketFrame.TryTake(ref bytes, 1000, out _, out var body));
        return body.ToArray();
    }

    private static ReadOnlySequence<byte> Cut(byte[] bytes, int piece)
    {
        var first = new Piece(bytes.AsMemory(0, Math.Min(piece, bytes.Length)), 0);
        var last = first;
        for (var at = piece; at < bytes.Length; at += piece) last = last.Append(bytes.AsMemory(at, Math.Min(piece, bytes.Length - at)));
        return new(first, 0, last, last.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, long at) => (Memory, RunningIndex) = (memory, at);

        public Piece Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Piece(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
