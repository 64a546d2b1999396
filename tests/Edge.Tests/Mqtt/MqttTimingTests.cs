using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Tests.Mqtt.Brokers;
using Hybrid.Tests;

namespace Hybrid.Edge.Tests.Mqtt;

/// <summary>What depends on a clock, with one that a test moves.</summary>
public sealed class MqttTimingTests
{
    private readonly ManualTimeProvider _time = new();

    private MqttClientOptions Options(ScriptedBroker broker) => new()
    {
        Broker = broker.Endpoint,
        ClientId = "c",
        KeepAlive = TimeSpan.FromSeconds(60),
        PingTimeout = TimeSpan.FromSeconds(5),
        ReconnectDelay = TimeSpan.FromSeconds(2),
        MaximumReconnectDelay = TimeSpan.FromSeconds(30),
        TimeProvider = _time,
        Randomizer = () => 0.5,
    };

    private async Task UntilTimerAsync(double seconds)
    {
        using var hang = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!_time.HasTimerAt(TimeSpan.FromSeconds(seconds)))
        {
            hang.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    [Fact]
    public async Task A_silent_broker_is_asked_and_one_that_does_not_answer_is_left()
    {
        using var broker = new ScriptedBroker();
        await using var client = new MqttClient(Options(broker));
        var starting = client.StartAsync();
        var peer = await broker.AcceptAsync();
        await starting;
        await UntilTimerAsync(60);
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal("c000", await peer.ReadAsync());
        await peer.SendAsync("d000");
        var publishing = client.PublishAsync(new() { Topic = "t", Qos = MqttQos.AtLeastOnce });
        await peer.ReadAsync();
        await peer.SendAsync("40020001");
        await publishing; // so the answer to the ping was read, too
        await UntilTimerAsync(5);
        _time.Advance(TimeSpan.FromSeconds(5));
        await UntilTimerAsync(55);
        _time.Advance(TimeSpan.FromSeconds(55));
        Assert.Equal("c000", await peer.ReadAsync());
        await UntilTimerAsync(5);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Null(await peer.ReadAsync());
        peer.Dispose();
        await UntilTimerAsync(1);
        Assert.Equal((false, MqttReasonCode.KeepAliveTimeout), (client.Connection.IsConnected, client.Connection.Reason));
        _time.Advance(TimeSpan.FromSeconds(1));
        (await broker.AcceptAsync()).Dispose();
    }

    [Fact]
    public async Task The_brokers_own_keep_alive_counts()
    {
        using var broker = new ScriptedBroker();
        await using var client = new MqttClient(Options(broker));
        var starting = client.StartAsync();
        using var peer = await broker.AcceptAsync("2006000003" + "130007");
        await starting;
        await UntilTimerAsync(7);
        _time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal("c000", await peer.ReadAsync());
    }

    [Fact]
    public async Task Attempts_wait_ever_longer_up_to_a_bound_and_by_chance()
    {
        using var broker = new ScriptedBroker();
        await using var client = new MqttClient(Options(broker));
        var starting = client.StartAsync();
        foreach (var half in new[] { 1.0, 2, 4, 8, 15, 15 })
        {
            (await broker.AcceptAsync("2003008900")).Dispose(); // busy
            await UntilTimerAsync(half);
            _time.Advance(TimeSpan.FromSeconds(half));
        }

        // A connection that lived is followed by a short wait, one that died at once is not.
        var peer = await broker.AcceptAsync();
        await starting;
        peer.Dispose();
        await UntilTimerAsync(15);
        _time.Advance(TimeSpan.FromSeconds(15));
        peer = await broker.AcceptAsync();
        await UntilTimerAsync(60);
        _time.Advance(TimeSpan.FromSeconds(31));
        peer.Dispose();
        await UntilTimerAsync(1);
    }

    [Fact]
    public async Task A_broker_that_takes_the_call_and_says_nothing_is_left()
    {
        using var broker = new ScriptedBroker();
        await using var client = new MqttClient(Options(broker) with { ConnectTimeout = TimeSpan.FromSeconds(20) });
        var starting = client.StartAsync();
        using var silent = await broker.AcceptAsync("");
        _time.Advance(TimeSpan.FromSeconds(20));
        await UntilTimerAsync(1);
        Assert.Contains("did not answer within 20 s", client.Connection.Why, StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromSeconds(1));
        using var good = await broker.AcceptAsync();
        await starting;
    }

    [Fact]
    public async Task A_message_that_expires_before_there_is_a_connection_is_not_sent()
    {
        using var broker = new ScriptedBroker();
        await using var client = new MqttClient(Options(broker));
        var late = client.PublishAsync(new() { Topic = "t", Qos = MqttQos.AtLeastOnce, Expiry = TimeSpan.FromSeconds(10) });
        var fresh = client.PublishAsync(new() { Topic = "u", Qos = MqttQos.AtLeastOnce, Expiry = TimeSpan.FromSeconds(100) });
        _time.Advance(TimeSpan.FromSeconds(10));
        var starting = client.StartAsync();
        using var peer = await broker.AcceptAsync();
        await starting;
        Assert.Contains("expired", (await Assert.ThrowsAsync<HybridException>(() => late)).Message, StringComparison.Ordinal);
        Assert.Equal("320b000175" + "0001" + "05" + "020000005a", await peer.ReadAsync()); // 90 s are left
        await peer.SendAsync("40020001");
        await fresh;
    }

    [Fact]
    public async Task No_more_messages_are_in_flight_than_the_broker_allows()
    {
        using var broker = new ScriptedBroker();
        await using var client = new MqttClient(Options(broker));
        var starting = client.StartAsync();
        using var peer = await broker.AcceptAsync("2006000003" + "210002"); // two
        await starting;
        var sent = Enumerable.Range(0, 4).Select(i => client.PublishAsync(new() { Topic = $"{i}", Qos = MqttQos.AtLeastOnce })).ToList();
        Assert.StartsWith("320600013000", await peer.ReadAsync(), StringComparison.Ordinal);
        Assert.StartsWith("320600013100", await peer.ReadAsync(), StringComparison.Ordinal);
        await UntilTimerAsync(60);
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal("c000", await peer.ReadAsync()); // and not the third one
        await peer.SendAsync("40020002");
        Assert.StartsWith("320600013200", await peer.ReadAsync(), StringComparison.Ordinal);
        await peer.SendAsync("40020001" + "40020003");
        Assert.StartsWith("320600013300", await peer.ReadAsync(), StringComparison.Ordinal);
        await peer.SendAsync("40020004");
        await Task.WhenAll(sent);
    }

    [Fact]
    public async Task What_was_in_flight_is_sent_again_in_order_and_as_new_where_the_broker_forgot_it()
    {
        using var broker = new ScriptedBroker();
        await using var client = new MqttClient(Options(broker) with { ReconnectDelay = TimeSpan.Zero });
        var starting = client.StartAsync();
        var peer = await broker.AcceptAsync();
        await starting;
        var sent = new[] { MqttQos.ExactlyOnce, MqttQos.AtLeastOnce, MqttQos.ExactlyOnce }
            .Select((qos, i) => client.PublishAsync(new() { Topic = $"{i}", Qos = qos })).ToList();
        for (var i = 0; i < 3; i++) await peer.ReadAsync();
        await peer.SendAsync("50020001");
        Assert.Equal("62020001", await peer.ReadAsync());
        peer.Dispose();

        peer = await broker.AcceptAsync("2003010000");
        Assert.Equal("62020001", await peer.ReadAsync());
        Assert.Equal("3a06" + "000131" + "0002" + "00", await peer.ReadAsync());
        Assert.Equal("3c06" + "000132" + "0003" + "00", await peer.ReadAsync());
        peer.Dispose();

        peer = await broker.AcceptAsync("2003000000");
        Assert.Equal("3406" + "000130" + "0001" + "00", await peer.ReadAsync());
        Assert.Equal("3206" + "000131" + "0002" + "00", await peer.ReadAsync());
        Assert.Equal("3406" + "000132" + "0003" + "00", await peer.ReadAsync());
        await peer.SendAsync("40020002" + "50020003" + "50020001");
        Assert.Equal("62020003", await peer.ReadAsync());
        Assert.Equal("62020001", await peer.ReadAsync());
        await peer.SendAsync("70020001" + "70020003");
        await Task.WhenAll(sent);
        peer.Dispose();
    }
}
