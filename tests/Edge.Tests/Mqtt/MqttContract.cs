using System.Collections.Concurrent;
using System.Text;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Tests.Mqtt.Brokers;

namespace Hybrid.Edge.Tests.Mqtt;

/// <summary>What every client must do with every broker; a pair of them is a class that derives from this one.</summary>
public abstract class MqttContract(IBroker broker)
{
    private readonly string _root = $"contract/{Guid.NewGuid():N}";

    /// <summary>How both speak.</summary>
    protected virtual MqttVersion Version => MqttVersion.V5;

    protected IBroker Broker => broker;

    /// <summary>Where the client connects to.</summary>
    protected virtual Uri Endpoint => broker.Endpoint;

    /// <summary>Makes the client under test.</summary>
    protected virtual IMqttClient Create(MqttClientOptions options) => new MqttClient(options);

    private MqttClientOptions Options(Uri? endpoint = null) => new()
    {
        Broker = endpoint ?? Endpoint,
        Version = Version,
        SessionExpiry = TimeSpan.Zero,
        ReconnectDelay = TimeSpan.FromMilliseconds(1),
    };

    private async Task<IMqttClient> StartAsync(MqttClientOptions? options = null)
    {
        var client = Create(options ?? Options());
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await client.StartAsync(limit.Token);
        return client;
    }

    private MqttMessage Message(string topic, string payload, MqttQos qos = MqttQos.AtLeastOnce, bool retain = false) =>
        new() { Topic = $"{_root}/{topic}", Payload = Encoding.UTF8.GetBytes(payload), Qos = qos, Retain = retain };

    [Theory]
    [InlineData(MqttQos.AtMostOnce)]
    [InlineData(MqttQos.AtLeastOnce)]
    [InlineData(MqttQos.ExactlyOnce)]
    public async Task What_is_published_arrives_in_order(MqttQos qos)
    {
        await using var receiver = await StartAsync();
        await using var sender = await StartAsync();
        var inbox = new Inbox();
        await receiver.SubscribeAsync(new($"{_root}/+", qos), inbox.TakeAsync);
        var sent = Enumerable.Range(0, 300).Select(i => sender.PublishAsync(Message("order", $"{i}", qos))).ToList();
        foreach (var one in sent) Assert.Equal(MqttReasonCode.Success, (await one).Reason);
        await sender.PublishAsync(Message("order", "end", qos));
        Assert.Equal(Enumerable.Range(0, 300).Select(i => $"{i}"), await inbox.UntilAsync("end"));
    }

    [Fact]
    public async Task A_message_comes_as_it_was_sent()
    {
        await using var client = await StartAsync();
        var inbox = new Inbox();
        await client.SubscribeAsync(new($"{_root}/#", MqttQos.ExactlyOnce), inbox.TakeAsync);
        await client.PublishAsync(Message("größe/↑", "Grüße", MqttQos.ExactlyOnce));
        await client.PublishAsync(Message("empty", "", MqttQos.AtMostOnce));
        var first = await inbox.NextAsync();
        Assert.Equal(($"{_root}/größe/↑", "Grüße", MqttQos.ExactlyOnce, false), (first.Topic, Inbox.Text(first), first.Qos, first.Retain));
        var second = await inbox.NextAsync();
        Assert.Equal(($"{_root}/empty", 0, MqttQos.AtMostOnce), (second.Topic, second.Payload.Length, second.Qos));
    }

    [Fact]
    public async Task The_last_retained_message_comes_to_a_later_subscriber_until_it_is_cleared()
    {
        await using var client = await StartAsync();
        await client.PublishAsync(Message("kept", "old", retain: true));
        await client.PublishAsync(Message("kept", "new", retain: true));
        var inbox = new Inbox();
        await client.SubscribeAsync(new($"{_root}/kept"), inbox.TakeAsync);
        var kept = await inbox.NextAsync();
        Assert.Equal(("new", true), (Inbox.Text(kept), kept.Retain));

        await client.PublishAsync(Message("kept", "", retain: true));
        var later = new Inbox();
        await client.SubscribeAsync(new($"{_root}/+"), later.TakeAsync);
        await client.PublishAsync(Message("end", "end"));
        Assert.DoesNotContain(await later.UntilAsync("end"), text => text.Length > 0); // aedes sends it once more, empty
    }

    [Fact]
    public async Task A_will_is_published_when_the_client_is_lost_and_not_when_it_goes()
    {
        await using var watcher = await StartAsync();
        var inbox = new Inbox();
        await watcher.SubscribeAsync(new($"{_root}/presence/+"), inbox.TakeAsync);
        await using var proxy = new Proxy(broker.Endpoint);
        await using var lost = await StartAsync(Options(Endpoint == broker.Endpoint ? proxy.Endpoint : null) with { Will = new(Message("presence/lost", "gone")) });
        await using var going = await StartAsync(Options() with { Will = new(Message("presence/going", "gone")) });
        await going.StopAsync();
        if (Endpoint == broker.Endpoint)
        {
            proxy.IsDown = true;
            proxy.Cut();
            Assert.Equal($"{_root}/presence/lost", (await inbox.NextAsync()).Topic);
        }

        await watcher.PublishAsync(Message("presence/end", "end"));
        Assert.Empty(await inbox.UntilAsync("end"));
    }

    [Fact]
    public async Task Eight_megabytes_arrive()
    {
        await using var client = await StartAsync();
        var inbox = new Inbox();
        await client.SubscribeAsync(new($"{_root}/large"), inbox.TakeAsync);
        var payload = new byte[8 << 20];
        new Random(8).NextBytes(payload);
        await client.PublishAsync(new() { Topic = $"{_root}/large", Payload = payload, Qos = MqttQos.AtLeastOnce });
        Assert.True((await inbox.NextAsync()).Payload.Span.SequenceEqual(payload));
    }

    [Fact]
    public async Task Ten_thousand_topics_reach_each_its_own_handler()
    {
        const int count = 10_000;
        await using var client = Create(Options());
        var wrong = new ConcurrentBag<string>();
        var left = count;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        for (var i = 0; i < count; i++)
        {
            var own = $"{_root}/many/{i}";
            await client.SubscribeAsync(new(own), (message, _) =>
            {
                if (message.Topic != own) wrong.Add(message.Topic);
                if (Interlocked.Decrement(ref left) == 0) all.TrySetResult();
                return ValueTask.CompletedTask;
            });
        }

        await client.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, count).Select(i => client.PublishAsync(Message($"many/{i}", "x"))));
        await all.Task.WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Handlers_get_what_their_filters_take_until_they_are_ended()
    {
        await using var client = await StartAsync();
        var (a, b) = (new Inbox(), new Inbox());
        await client.SubscribeAsync(new($"{_root}/+/x"), a.TakeAsync);
        var ends = await client.SubscribeAsync(new($"{_root}/b/#"), b.TakeAsync);
        await client.PublishAsync(Message("a/x", "one"));
        await client.PublishAsync(Message("b/y", "two"));
        Assert.Equal("one", Inbox.Text(await a.NextAsync()));
        Assert.Equal("two", Inbox.Text(await b.NextAsync()));
        await ends.DisposeAsync();
        await client.PublishAsync(Message("b/y", "three"));
        await client.PublishAsync(Message("end/x", "end"));
        Assert.Empty(await a.UntilAsync("end"));
        await b.TakeAsync(Message("b/y", "end"), CancellationToken.None);
        Assert.Empty(await b.UntilAsync("end"));
    }

    [Fact]
    public async Task A_slow_handler_holds_up_only_itself()
    {
        await using var client = await StartAsync();
        var open = new TaskCompletionSource();
        var (slow, quick) = (new Inbox(), new Inbox());
        await client.SubscribeAsync(new($"{_root}/slow"), async (message, token) => { await open.Task; await slow.TakeAsync(message, token); });
        await client.SubscribeAsync(new($"{_root}/quick"), quick.TakeAsync);
        await client.PublishAsync(Message("slow", "1"));
        await client.PublishAsync(Message("slow", "2"));
        await client.PublishAsync(Message("quick", "3"));
        Assert.Equal("3", Inbox.Text(await quick.NextAsync()));
        open.SetResult();
        Assert.Equal("1", Inbox.Text(await slow.NextAsync()));
        Assert.Equal("2", Inbox.Text(await slow.NextAsync()));
    }

    [Fact]
    public async Task A_handler_may_publish_and_wait_for_it()
    {
        await using var client = await StartAsync();
        var inbox = new Inbox();
        await client.SubscribeAsync(new($"{_root}/question"), async (message, token) =>
            await client.PublishAsync(Message("answer", Inbox.Text(message) + "!", MqttQos.ExactlyOnce), token));
        await client.SubscribeAsync(new($"{_root}/answer", MqttQos.ExactlyOnce), inbox.TakeAsync);
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => client.PublishAsync(Message("question", $"{i}"))));
        for (var i = 0; i < 50; i++) Assert.Equal($"{i}!", Inbox.Text(await inbox.NextAsync()));
    }

    [Fact]
    public async Task What_was_published_while_a_session_was_away_comes_when_it_is_back()
    {
        var options = Options() with { ClientId = $"away-{Guid.NewGuid():N}", SessionExpiry = TimeSpan.FromMinutes(5) };
        await using (var first = Create(options))
        {
            await first.SubscribeAsync(new($"{_root}/mail"), (_, _) => ValueTask.CompletedTask);
            await first.StartAsync();
            Assert.False(first.Connection.SessionPresent);
        }

        await using var sender = await StartAsync();
        for (var i = 0; i < 10; i++) await sender.PublishAsync(Message("mail", $"{i}"));
        await using var second = Create(options);
        var inbox = new Inbox();
        await second.SubscribeAsync(new($"{_root}/mail"), inbox.TakeAsync);
        await second.StartAsync();
        Assert.True(second.Connection.SessionPresent);
        for (var i = 0; i < 10; i++) Assert.Equal($"{i}", Inbox.Text(await inbox.NextAsync()));
    }

    [Fact]
    public async Task What_a_handler_failed_on_comes_again_with_the_next_connection()
    {
        if (Endpoint != broker.Endpoint) return; // the line cannot be cut there
        await using var proxy = new Proxy(broker.Endpoint);
        await using var client = await StartAsync(Options(proxy.Endpoint) with { ClientId = $"fails-{Guid.NewGuid():N}", SessionExpiry = TimeSpan.FromMinutes(5) });
        var inbox = new Inbox();
        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await client.SubscribeAsync(new($"{_root}/hard"), (message, token) =>
            failed.TrySetResult() ? throw new InvalidOperationException("not yet") : inbox.TakeAsync(message, token));
        await client.PublishAsync(Message("hard", "1"));
        await failed.Task.WaitAsync(TimeSpan.FromMinutes(2));
        await client.PublishAsync(Message("hard", "2"));
        Assert.Equal("2", Inbox.Text(await inbox.NextAsync()));
        proxy.Cut();
        var again = await inbox.NextAsync();
        Assert.Equal("1", Inbox.Text(again));
    }

    [Fact]
    public async Task What_is_published_without_a_connection_waits_unless_it_is_cancelled()
    {
        await using var client = Create(Options());
        using var cancel = new CancellationTokenSource();
        var inbox = new Inbox();
        await client.SubscribeAsync(new($"{_root}/waits"), inbox.TakeAsync);
        var never = client.PublishAsync(Message("waits", "never"), cancel.Token);
        var later = client.PublishAsync(Message("waits", "later"));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => never);
        Assert.False(later.IsCompleted);
        await client.StartAsync();
        await later;
        Assert.Equal("later", Inbox.Text(await inbox.NextAsync()));
    }

    [Fact]
    public async Task A_client_stops_and_starts_again()
    {
        await using var client = await StartAsync();
        var inbox = new Inbox();
        await client.SubscribeAsync(new($"{_root}/again"), inbox.TakeAsync);
        await client.StopAsync();
        Assert.False(client.Connection.IsConnected);
        await client.StartAsync();
        await client.PublishAsync(Message("again", "hello"));
        Assert.Equal("hello", Inbox.Text(await inbox.NextAsync()));
        await client.DisposeAsync();
        Assert.Equal(HybridError.Bus, (await Assert.ThrowsAsync<HybridException>(() => client.PublishAsync(Message("again", "late")))).Error);
    }
}
