using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Tests.Mqtt.Brokers;
using Hybrid.Tests;

namespace Hybrid.Edge.Tests.Mqtt;

[Collection(Alone.Name)] // one test weighs all memory of the process
public sealed class HostileBrokerTests
{
    private static readonly MqttClientOptions Options = new()
    {
        Broker = new("mqtt://127.0.0.1"),
        ClientId = "c",
        ReceiveMaximum = 2,
        TopicAliasMaximum = 2,
        MaximumPacketSize = 1 << 16,
        ReconnectDelay = TimeSpan.FromMilliseconds(1),
        MaximumReconnectDelay = TimeSpan.FromMilliseconds(5),
    };

    [Theory]
    [InlineData("30ffffff7f", MqttReasonCode.PacketTooLarge)] // 256 MiB, announced only
    [InlineData("30ffffffff7f", MqttReasonCode.MalformedPacket)] // a length of five bytes
    [InlineData("2003000000", MqttReasonCode.ProtocolError)] // another CONNACK
    [InlineData("820700070000016100", MqttReasonCode.MalformedPacket)] // a broker does not subscribe
    [InlineData("c000", MqttReasonCode.ProtocolError)] // nor ask whether we are there
    [InlineData("f000", MqttReasonCode.ProtocolError)] // nor go on with an authentication that never began
    [InlineData("0000", MqttReasonCode.ProtocolError)] // type 0
    [InlineData("9004fc000000", MqttReasonCode.ProtocolError)] // an answer to no question
    [InlineData("30050002c32800", MqttReasonCode.MalformedPacket)] // a topic that is not UTF-8
    [InlineData("300400016102", MqttReasonCode.MalformedPacket)] // a property that is not there
    [InlineData("30050001610201", MqttReasonCode.MalformedPacket)] // a property that ends too early
    [InlineData("300c000161" + "08" + "03000178" + "03000179", MqttReasonCode.ProtocolError)] // a property twice
    [InlineData("3603000161", MqttReasonCode.MalformedPacket)] // a quality of service of 3
    [InlineData("6002" + "0001", MqttReasonCode.MalformedPacket)] // flags of a PUBREL
    [InlineData("3007" + "0001610323" + "0003", MqttReasonCode.TopicAliasInvalid)] // an alias above what was agreed
    [InlineData("34060001610001" + "00" + "62020001", MqttReasonCode.ProtocolError)] // a PUBREL while the handler runs
    [InlineData("32060001610001" + "00" + "32060001620001" + "00", MqttReasonCode.PacketIdentifierInUse)] // a number for two messages
    public async Task What_breaks_the_protocol_is_told_the_reason_and_the_next_connection_is_made(string sent, MqttReasonCode reason)
    {
        using var broker = new ScriptedBroker();
        await using var client = new MqttClient(Options with { Broker = broker.Endpoint });
        await client.SubscribeAsync(new("#"), (_, stopping) => new(Task.Delay(Timeout.Infinite, stopping))); // it never answers
        var starting = client.StartAsync();
        using (var peer = await broker.AcceptAsync())
        {
            await peer.ReadAsync(); // SUBSCRIBE
            await peer.SendAsync("9004fc00" + "0000");
            await starting;
            await peer.SendAsync(sent);
            var last = await peer.ReadAsync();
            Assert.Equal($"e001{(int)reason:x2}", last);
            peer.Finish();
            Assert.Null(await peer.ReadAsync()); // a clean close
        }

        using var next = await broker.AcceptAsync();
        Assert.StartsWith("82", await next.ReadAsync(), StringComparison.Ordinal);
        Assert.True(client.Connection.IsConnected);
    }

    [Fact]
    public async Task A_broker_that_sends_more_than_was_agreed_is_borne()
    {
        using var broker = new ScriptedBroker();
        var (handled, all, go) = (0, new TaskCompletionSource(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var client = new MqttClient(Options with { Broker = broker.Endpoint });
        await client.SubscribeAsync(new("#"), async (_, _) =>
        {
            await go.Task;
            if (++handled == 20) all.SetResult();
        });
        var starting = client.StartAsync();
        using var peer = await broker.AcceptAsync();
        await peer.ReadAsync(); // SUBSCRIBE
        await peer.SendAsync("9004fc00" + "0000");
        await starting;
        for (var id = 1; id <= 20; id++) await peer.SendAsync($"3206000161{id:x4}00"); // 2 were agreed
        go.SetResult();
        await all.Task.WaitAsync(TimeSpan.FromMinutes(2));
        for (var id = 1; id <= 20; id++) Assert.StartsWith("40", await peer.ReadAsync(), StringComparison.Ordinal);
        Assert.True(client.Connection.IsConnected);
    }

    [Fact]
    public async Task A_broker_that_goes_on_after_the_end_is_not_waited_for()
    {
        var time = new ManualTimeProvider();
        using var broker = new ScriptedBroker();
        await using var client = new MqttClient(Options with { Broker = broker.Endpoint, TimeProvider = time, ReconnectDelay = TimeSpan.Zero });
        var starting = client.StartAsync();
        using var peer = await broker.AcceptAsync();
        await starting;
        var stopping = client.StopAsync();
        Assert.Equal("e00100", await peer.ReadAsync());
        await peer.SendAsync("30040001610061");
        using var hang = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!time.HasTimerAt(TimeSpan.FromSeconds(1)))
        {
            hang.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        time.Advance(TimeSpan.FromSeconds(1));
        await stopping;
        Assert.Null(await peer.ReadAsync());
    }

    [Fact]
    public async Task A_large_packet_that_trickles_takes_no_more_memory_than_has_arrived()
    {
        using var broker = new ScriptedBroker();
        await using var client = new MqttClient(Options with { Broker = broker.Endpoint, MaximumPacketSize = 250 << 20 });
        var starting = client.StartAsync();
        using var peer = await broker.AcceptAsync();
        await starting;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await peer.SendAsync("3080808064"); // 200 MiB
        await peer.SendAsync(new byte[1 << 20]);
        var publishing = client.PublishAsync(new() { Topic = "t", Qos = MqttQos.AtLeastOnce }); // it has read what came before, or will
        Assert.NotNull(await peer.ReadAsync());
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 32 << 20);
        await client.StopAsync();
        await Assert.ThrowsAsync<HybridException>(() => publishing);
    }

    [Theory]
    [InlineData("2003008600", HybridError.Unauthorized, "BadUserNameOrPassword")]
    [InlineData("2003008700", HybridError.Unauthorized, "NotAuthorized")]
    [InlineData("2003008a00", HybridError.Unauthorized, "Banned")]
    [InlineData("2003008500", HybridError.Bus, "ClientIdentifierNotValid")]
    [InlineData("20020001", HybridError.Bus, "UnsupportedProtocolVersion")]
    [InlineData("200900870" + "6" + "1f0003796f75", HybridError.Unauthorized, "\"you\"")]
    public async Task A_refusal_for_good_ends_the_start_in_words(string answer, HybridError error, string words)
    {
        using var broker = new ScriptedBroker();
        await using var client = new MqttClient(Options with { Broker = broker.Endpoint });
        var starting = client.StartAsync();
        using var peer = await broker.AcceptAsync(answer);
        var refusal = await Assert.ThrowsAsync<HybridException>(() => starting);
        Assert.Equal(error, refusal.Error);
        Assert.Contains(words, refusal.Message, StringComparison.Ordinal);
        Assert.False(client.Connection.IsConnected);
    }

    [Theory]
    [InlineData("2003008800")] // not available
    [InlineData("3000")] // no CONNACK at all
    [InlineData("20030000")] // half a CONNACK, and then nothing
    [InlineData("200301" + "8900")] // a session together with a refusal
    [InlineData("")]
    public async Task Any_other_answer_is_another_attempt(string answer)
    {
        using var broker = new ScriptedBroker();
        await using var client = new MqttClient(Options with { Broker = broker.Endpoint });
        var starting = client.StartAsync();
        for (var i = 0; i < 3; i++)
        {
            using var peer = await broker.AcceptAsync(answer);
        }

        using var good = await broker.AcceptAsync();
        await starting;
        Assert.True(client.Connection.IsConnected);
    }

    [Fact]
    public async Task After_a_first_success_a_refusal_is_told_and_tried_again()
    {
        using var broker = new ScriptedBroker();
        await using var client = new MqttClient(Options with { Broker = broker.Endpoint });
        var starting = client.StartAsync();
        using (var peer = await broker.AcceptAsync())
        {
            await starting;
            await peer.SendAsync("e0118b0f1f000c" + Convert.ToHexStringLower("power saving"u8));
            Assert.Null(await peer.ReadAsync());
        }

        var whys = new List<MqttConnection>();
        client.ConnectionChanged += (_, _) => whys.Add(client.Connection);
        using (await broker.AcceptAsync("2003008700"))
        {
            // Refused for good, for now.
        }

        using var back = await broker.AcceptAsync();
        var publishing = client.PublishAsync(new() { Topic = "t", Qos = MqttQos.AtLeastOnce });
        var packet = await back.ReadAsync();
        Assert.StartsWith("32", packet, StringComparison.Ordinal);
        await back.SendAsync($"4003{packet![10..14]}10");
        Assert.Equal(MqttReasonCode.NoMatchingSubscribers, (await publishing).Reason);
        Assert.Contains(whys, one => !one.IsConnected && one.Reason == MqttReasonCode.NotAuthorized && one.Why.Contains("NotAuthorized", StringComparison.Ordinal));
    }
}
