using System.Text;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Tests.Mqtt.Brokers;

namespace Hybrid.Edge.Tests.Mqtt;

/// <summary>What only MQTT 5 has, against mosquitto.</summary>
public sealed class MqttFiveTests(MosquittoFixture fixture) : IClassFixture<MosquittoFixture>
{
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(2);
    private readonly string _root = $"five/{Guid.NewGuid():N}";
    private readonly MqttClientOptions _options = new() { Broker = fixture.Broker.Endpoint, ReconnectDelay = TimeSpan.FromMilliseconds(1) };

    private static async Task<MqttClient> StartAsync(MqttClientOptions options)
    {
        var client = new MqttClient(options);
        await client.StartAsync().WaitAsync(Hang);
        return client;
    }

    private MqttMessage Message(string topic, string payload, MqttQos qos = MqttQos.AtLeastOnce) => new() { Topic = $"{_root}/{topic}", Payload = Encoding.UTF8.GetBytes(payload), Qos = qos };

    [Fact]
    public async Task A_request_is_answered_where_it_says_with_what_it_carried()
    {
        await using var server = await StartAsync(_options);
        await using var client = await StartAsync(_options);
        await server.SubscribeAsync(new($"{_root}/questions"), async (question, token) => await server.PublishAsync(
            new()
            {
                Topic = question.ResponseTopic!,
                CorrelationData = question.CorrelationData,
                ContentType = "text/plain",
                UserProperties = [.. question.UserProperties, new("b", "größe"), new("a", "again")],
                Payload = Encoding.UTF8.GetBytes(Inbox.Text(question).ToUpperInvariant()),
            },
            token));
        var inbox = new Inbox();
        await client.SubscribeAsync(new($"{_root}/answers/1"), inbox.TakeAsync);
        await client.PublishAsync(Message("questions", "why") with { ResponseTopic = $"{_root}/answers/1", CorrelationData = new byte[] { 0, 1, 255 }, UserProperties = [new("a", "1")] });
        var answer = await inbox.NextAsync();
        Assert.Equal(("WHY", "text/plain"), (Inbox.Text(answer), answer.ContentType));
        Assert.Equal(new byte[] { 0, 1, 255 }, answer.CorrelationData.ToArray());
        Assert.Equal([new("a", "1"), new("b", "größe"), new("a", "again")], answer.UserProperties);
    }

    [Fact]
    public async Task A_topic_is_written_once_and_stood_for_by_a_number()
    {
        await using var proxy = new Proxy(_options.Broker);
        await using var client = await StartAsync(_options with { Broker = proxy.Endpoint });
        var inbox = new Inbox();
        await client.SubscribeAsync(new($"{_root}/#", MqttQos.AtMostOnce), inbox.TakeAsync);
        var name = new string('x', 1000);
        await client.PublishAsync(Message(name, "0"));
        var before = proxy.Passed.ToBroker;
        for (var i = 1; i <= 10; i++) await client.PublishAsync(Message(name, $"{i}"));
        Assert.InRange(proxy.Passed.ToBroker - before, 100, 400);
        for (var i = 0; i <= 10; i++) Assert.Equal(($"{_root}/{name}", $"{i}"), await inbox.NextAsync() is var message ? (message.Topic, Inbox.Text(message)) : default);

        // More topics than numbers.
        for (var i = 0; i < 100; i++) await client.PublishAsync(Message($"many/{i % 13}", $"{i % 13}"));
        for (var i = 0; i < 100; i++)
        {
            var message = await inbox.NextAsync();
            Assert.Equal($"{_root}/many/{Inbox.Text(message)}", message.Topic);
        }
    }

    [Fact]
    public async Task A_message_tells_what_is_left_of_its_time_and_goes_when_it_is_over()
    {
        await using var client = await StartAsync(_options);
        await client.PublishAsync(Message("long", "long") with { Retain = true, Expiry = TimeSpan.FromSeconds(1000) });
        var left = new List<TimeSpan?>();
        var brief = TimeSpan.FromSeconds(1);
        using var hang = new CancellationTokenSource(Hang);
        while (true)
        {
            // A machine that stands still may let it pass before anybody looks: then it is given longer.
            if (left.Count == 0) await client.PublishAsync(Message("brief", "brief") with { Retain = true, Expiry = brief *= 2 }, hang.Token);
            var inbox = new Inbox();
            await using var looking = await client.SubscribeAsync(new($"{_root}/+"), inbox.TakeAsync, hang.Token);
            await client.PublishAsync(Message("end", "end"), hang.Token);
            var kept = new List<MqttMessage>();
            while (await inbox.NextAsync() is var one && Inbox.Text(one) != "end") kept.Add(one);
            Assert.InRange(Assert.Single(kept, one => one.Topic.EndsWith("/long", StringComparison.Ordinal)).Expiry!.Value.TotalSeconds, 900, 1000);
            if (kept.Find(one => one.Topic.EndsWith("/brief", StringComparison.Ordinal)) is { } found) left.Add(found.Expiry);
            else if (left.Count > 0) break;
            await Task.Delay(50, hang.Token); // the broker's clock, not ours
        }

        Assert.NotEmpty(left);
        Assert.All(left, one => Assert.InRange(one!.Value.TotalSeconds, 0, brief.TotalSeconds));
    }

    [Fact]
    public async Task A_will_waits_for_its_delay_and_comes_with_its_properties()
    {
        await using var watcher = await StartAsync(_options);
        var inbox = new Inbox();
        await watcher.SubscribeAsync(new($"{_root}/will/+"), inbox.TakeAsync);
        await using var proxy = new Proxy(_options.Broker);
        var will = new MqttWill(Message("will/gone", "gone") with { ContentType = "text/plain", UserProperties = [new("a", "b")] });

        // Back within the delay, which is long enough for any machine: no will.
        await using var late = await StartAsync(_options with { Broker = proxy.Endpoint, ClientId = $"{_root}/late", Will = will with { Delay = Hang } });
        var back = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        late.ConnectionChanged += (_, _) =>
        {
            if (late.Connection.IsConnected) back.TrySetResult();
        };
        proxy.Cut();
        await back.Task.WaitAsync(Hang);
        await watcher.PublishAsync(Message("will/end", "end"));
        Assert.Empty(await inbox.UntilAsync("end"));

        await using var lost = await StartAsync(_options with { Broker = proxy.Endpoint, ClientId = $"{_root}/lost", Will = will with { Delay = TimeSpan.FromSeconds(1) } });
        proxy.IsDown = true;
        proxy.Cut();
        var gone = await inbox.NextAsync();
        Assert.Equal(("gone", "text/plain"), (Inbox.Text(gone), gone.ContentType));
        Assert.Equal([new("a", "b")], gone.UserProperties);
    }

    [Fact]
    public async Task Overlapping_subscriptions_get_each_message_once_each()
    {
        await using var client = await StartAsync(_options);
        var (one, two, three) = (new Inbox(), new Inbox(), new Inbox());
        await client.SubscribeAsync(new($"{_root}/+"), one.TakeAsync);
        await client.SubscribeAsync(new($"{_root}/#"), two.TakeAsync);
        await client.SubscribeAsync(new($"{_root}/#"), three.TakeAsync);
        await client.PublishAsync(Message("x", "x"));
        await client.PublishAsync(Message("x", "end"));
        foreach (var inbox in new[] { one, two, three }) Assert.Equal(["x"], await inbox.UntilAsync("end"));
    }

    [Fact]
    public async Task A_subscription_may_leave_out_own_messages_and_what_was_kept()
    {
        await using var client = await StartAsync(_options);
        await using var other = await StartAsync(_options);
        await client.PublishAsync(Message("x", "kept") with { Retain = true });
        var inbox = new Inbox();
        await client.SubscribeAsync(new($"{_root}/+") { NoLocal = true, RetainHandling = MqttRetainHandling.DoNotSend, RetainAsPublished = true }, inbox.TakeAsync);
        await client.PublishAsync(Message("x", "own"));
        await other.PublishAsync(Message("y", "others") with { Retain = true });
        var message = await inbox.NextAsync();
        Assert.Equal(("others", true), (Inbox.Text(message), message.Retain));
    }

    [Fact]
    public async Task Members_of_a_group_share_its_messages()
    {
        await using var one = await StartAsync(_options);
        await using var two = await StartAsync(_options);
        var (first, second) = (new Inbox(), new Inbox());
        await one.SubscribeAsync(new($"$share/group/{_root}/+"), first.TakeAsync);
        await two.SubscribeAsync(new($"$share/group/{_root}/+"), second.TakeAsync);
        for (var i = 0; i < 10; i++) await one.PublishAsync(Message("x", $"{i}"));
        var got = new List<string>();
        for (var i = 0; i < 5; i++) got.AddRange([Inbox.Text(await first.NextAsync()), Inbox.Text(await second.NextAsync())]);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"{i}"), got.Order());
    }

    [Fact]
    public async Task The_broker_names_a_client_without_a_name_and_says_when_nobody_listens()
    {
        await using var client = await StartAsync(_options);
        Assert.NotEqual("", client.ClientId);
        Assert.Equal(MqttReasonCode.NoMatchingSubscribers, (await client.PublishAsync(Message("nobody", "x"))).Reason);
    }

    [Fact]
    public async Task What_the_broker_cannot_do_is_said_before_it_is_sent()
    {
        await using var broker = await Mosquitto.StartAsync("max_qos 1", "retain_available false", "max_packet_size 2000");
        await using var client = await StartAsync(_options with { Broker = broker.Endpoint });
        await FailsAsync(Message("x", "x", MqttQos.ExactlyOnce), "at most with quality of service 1");
        await FailsAsync(Message("x", "x") with { Retain = true }, "the broker keeps no messages");
        await FailsAsync(Message("x", new string('x', 2000)), "the broker takes at most 2000");
        await FailsAsync(Message("x", new string('x', 2000), MqttQos.AtMostOnce), "the broker takes at most 2000");
        await client.PublishAsync(Message("x", new string('x', 1900)));
        Assert.True(client.Connection.IsConnected);

        async Task FailsAsync(MqttMessage message, string words) =>
            Assert.Contains(words, (await Assert.ThrowsAsync<HybridException>(() => client.PublishAsync(message))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_broker_does_not_allow_is_a_refusal_to_the_caller_alone()
    {
        var list = Path.GetTempFileName();
        await File.WriteAllTextAsync(list, "topic readwrite open/#\n");
        await using var broker = await Mosquitto.StartAsync($"acl_file {list}");
        File.Delete(list);
        await using var client = await StartAsync(_options with { Broker = broker.Endpoint });
        var refusal = await Assert.ThrowsAsync<HybridException>(() => client.PublishAsync(new() { Topic = "closed/x", Qos = MqttQos.AtLeastOnce }));
        Assert.Equal(HybridError.Unauthorized, refusal.Error);
        Assert.Contains("NotAuthorized (0x87)", refusal.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<HybridException>(() => client.PublishAsync(new() { Topic = "closed/x", Qos = MqttQos.ExactlyOnce }));
        await client.PublishAsync(new() { Topic = "open/x", Qos = MqttQos.AtLeastOnce });
        Assert.True(client.Connection.IsConnected);
    }

    [Fact]
    public async Task More_than_fits_on_the_line_waits_for_it()
    {
        await using var client = await StartAsync(_options);
        var inbox = new Inbox();
        await client.SubscribeAsync(new($"{_root}/+"), inbox.TakeAsync);
        var payload = new byte[1 << 20];
        var sent = Enumerable.Range(0, 12).Select(i => client.PublishAsync(new() { Topic = $"{_root}/{i}", Payload = payload, Qos = (MqttQos)(i % 2) })).ToList();
        for (var i = 0; i < 12; i++) Assert.Equal(payload.Length, (await inbox.NextAsync()).Payload.Length);
        await Task.WhenAll(sent);
    }

    [Fact]
    public async Task More_than_memory_is_meant_for_waits_for_a_handler()
    {
        await using var client = await StartAsync(_options with { MaximumPacketSize = 20_000 });
        await using var other = await StartAsync(_options);
        var (open, begun) = (new TaskCompletionSource(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var inbox = new Inbox();
        await client.SubscribeAsync(new($"{_root}/x"), async (message, token) =>
        {
            begun.TrySetResult();
            await open.Task;
            await inbox.TakeAsync(message, token);
        });
        var text = new string('x', 16_000); // ten of them are more than eight packets
        await Task.WhenAll(Enumerable.Range(0, 18).Select(_ => other.PublishAsync(Message("x", text))));
        await begun.Task.WaitAsync(Hang);
        var answered = client.PublishAsync(Message("y", "y")); // its answer is behind what is not read
        open.SetResult();
        for (var i = 0; i < 18; i++) Assert.Equal(text, Inbox.Text(await inbox.NextAsync()));
        await answered.WaitAsync(Hang);
    }

    [Fact]
    public async Task Messages_that_may_get_lost_are_dropped_oldest_first_and_counted()
    {
        await using var client = await StartAsync(_options with { QueueLimit = 10 });
        var (open, begun) = (new TaskCompletionSource(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var (slow, quick) = (new Inbox(), new Inbox());
        await client.SubscribeAsync(new($"{_root}/slow", MqttQos.AtMostOnce), async (message, token) =>
        {
            begun.TrySetResult();
            await open.Task;
            await slow.TakeAsync(message, token);
        });
        await client.SubscribeAsync(new($"{_root}/quick"), quick.TakeAsync);
        await client.PublishAsync(Message("slow", "first", MqttQos.AtMostOnce));
        await begun.Task.WaitAsync(Hang);
        for (var i = 0; i < 50; i++) await client.PublishAsync(Message("slow", $"{i}", MqttQos.AtMostOnce));
        await client.PublishAsync(Message("quick", "all are here"));
        await quick.NextAsync();
        Assert.Equal(40, client.Dropped);
        open.SetResult();
        Assert.Equal("first", Inbox.Text(await slow.NextAsync()));
        for (var i = 40; i < 50; i++) Assert.Equal($"{i}", Inbox.Text(await slow.NextAsync()));
    }
}
