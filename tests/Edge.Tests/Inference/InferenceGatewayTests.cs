using System.Text;
using System.Text.Json;
using Hybrid.Edge.Inference;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Tests.Mqtt;
using Hybrid.Targets;
using Hybrid.Tests;

namespace Hybrid.Edge.Tests.Inference;

/// <summary>The gateway: one answer for one id, in pieces with numbers, whatever is delivered how often.</summary>
public sealed class InferenceGatewayTests : IDisposable
{
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(3));
    private readonly TemporaryFolder _folder = new();
    private readonly MemoryBus _bus = new();

    private CancellationToken Limit => _limit.Token;

    [Fact]
    public async Task An_answer_comes_in_numbered_pieces_with_the_id_and_ends_with_what_it_took()
    {
        await using var client = new HybridChatClient([new ScriptedTarget("device", "Good", " day", ".") { Figures = new() { Finish = DecodeFinish.Stop, PromptTokens = 5 } }]);
        await using var gateway = await StartAsync(client);
        await using var asker = await Requester.StartAsync(_bus.Connect(), Limit);
        await asker.AskAsync("7", Limit, """{"id":"seven","messages":[{"role":"user","content":"hi"}],"hybrid":{"privacy":"secret"}}""");
        var (text, next) = ("", 0);
        while (true)
        {
            var (id, body) = await asker.NextAsync(Limit);
            Assert.Equal(("7", "seven", next++), (id, body.GetProperty("id").GetString(), body.GetProperty("n").GetInt32()));
            if (body.TryGetProperty("text", out var piece)) text += piece.GetString();
            if (!body.TryGetProperty("finish", out var finish)) continue;
            Assert.Equal(("stop", 3), (finish.GetString(), body.GetProperty("usage").GetProperty("completion_tokens").GetInt32()));
            Assert.Equal("device", body.GetProperty("hybrid").GetProperty("target").GetString());
            break;
        }

        Assert.Equal("Good day.", text);
    }

    [Fact]
    public async Task A_request_that_is_delivered_again_has_one_answer_also_after_a_restart()
    {
        var device = new GateTarget();
        await using var client = new HybridChatClient([device]);
        await using var asker = await Requester.StartAsync(_bus.Connect(), Limit);
        await using (await StartAsync(client))
        {
            await asker.AskAsync("1", Limit);
            var (_, words) = await device.NextAsync(Limit);
            await asker.AskAsync("1", Limit); // while it runs
            Say(words, "yes");
            Assert.Equal(("1", "yes", "stop"), await asker.AnswerAsync(Limit));
            await asker.AskAsync("1", Limit); // when it is answered
            await asker.AskAsync("2", Limit);
            Say((await device.NextAsync(Limit)).Words, "two");
            Assert.Equal(("2", "two", "stop"), await asker.AnswerAsync(Limit));
        }

        await using (await StartAsync(client))
        {
            await asker.AskAsync("1", Limit);
            await asker.AskAsync("3", Limit);
            Say((await device.NextAsync(Limit)).Words, "three");
            Assert.Equal(("3", "three", "stop"), await asker.AnswerAsync(Limit));
        }

        Assert.False(device.WasAsked);
        Assert.False(asker.HasMore);
    }

    [Fact]
    public async Task What_was_not_begun_is_run_after_a_restart_and_what_was_begun_is_ended()
    {
        var device = new GateTarget();
        await using var client = new HybridChatClient([device]);
        await using var asker = await Requester.StartAsync(_bus.Connect(), Limit);
        await using (await StartAsync(client, options => options with { MaxRunning = 2 }))
        {
            await asker.AskAsync("begun", Limit);
            var (_, words) = await device.NextAsync(Limit);
            words.Writer.TryWrite("half");
            Assert.Equal("half", (await asker.NextAsync(Limit)).Body.GetProperty("text").GetString());
            await asker.AskAsync("asked", Limit);
            await device.NextAsync(Limit);
            await asker.AskAsync("queued", Limit);
        }

        Assert.False(asker.HasMore);
        await using (await StartAsync(client, options => options with { MaxRunning = 1 }))
        {
            Assert.Equal(("begun", "", Reply.Interrupted), await asker.AnswerAsync(Limit));
            Say((await device.NextAsync(Limit)).Words, "late");
            Assert.Equal(("asked", "late", "stop"), await asker.AnswerAsync(Limit));
            Say((await device.NextAsync(Limit)).Words, "later");
            Assert.Equal(("queued", "later", "stop"), await asker.AnswerAsync(Limit));
        }
    }

    [Fact]
    public async Task Wherever_the_power_goes_each_request_has_an_answer_and_no_two_different_ones()
    {
        // Every state that the folder passes through, with what had been published by then.
        List<(string Folder, int Published)> moments = [];
        await using var client = new HybridChatClient([new ScriptedTarget("device", "one", " two", " three")]);
        using var kept = new TemporaryFolder();
        var disk = new CopyingDisk(_folder.Path, copy => moments.Add((copy, _bus.Taken.Count)), kept.Path);
        await using var asker = await Requester.StartAsync(_bus.Connect(), Limit);
        var gateway = await InferenceGateway.StartAsync(client, Connect(), Options(), disk, Limit);
        for (var i = 0; i < 3; i++)
        {
            await asker.AskAsync($"{i}", Limit);
            Assert.Equal("stop", (await asker.AnswerAsync(Limit)).End);
        }

        await gateway.DisposeAsync();
        Assert.InRange(moments.Count, 10, 200);
        foreach (var (folder, published) in moments)
        {
            var before = _bus.Taken.Take(published).ToList();
            var bus = new MemoryBus();
            await using var after = await Requester.StartAsync(bus.Connect(), Limit);
            var next = bus.Connect();
            await next.StartAsync(Limit);
            await using var again = await InferenceGateway.StartAsync(client, next, Options() with { Path = folder }, Limit);
            // What the broker had not been told was taken, it delivers again; so it does what was.
            foreach (var question in before.Where(one => one.Topic == InferTopics.Requests(Requester.Fleet, Requester.Gateway))) await after.SendAsync(question, Limit);
            await again.DrainAsync(Limit);
            Assert.Equal(0, again.Running);
            foreach (var id in before.Where(one => one.Topic.EndsWith("/infer", StringComparison.Ordinal)).Select(one => Encoding.UTF8.GetString(one.CorrelationData.Span)))
            {
                var first = Replies(before, id);
                var second = Replies(bus.Taken, id);
                var ends = first.Concat(second).Select(Requester.End).Where(end => end is not null).ToList();
                Assert.NotEmpty(ends);
                Assert.True(ends.Count(end => end == "stop") == 1 || ends.All(end => end == Reply.Interrupted), string.Join(",", ends));
                Assert.True(first.Count == 0 || second.Count == 0 || second.All(one => Requester.End(one) == Reply.Interrupted), "what was begun was begun again");
            }
        }

        static List<JsonElement> Replies(IEnumerable<MqttMessage> messages, string id) => [.. messages
            .Where(one => one.Topic == Requester.ReplyTopic && Encoding.UTF8.GetString(one.CorrelationData.Span) == id)
            .Select(one => JsonElement.Parse(Encoding.UTF8.GetString(one.Payload.Span)))];
    }

    [Fact]
    public async Task More_than_it_takes_is_told_that_it_is_busy_and_the_urgent_go_first()
    {
        var device = new GateTarget();
        await using var client = new HybridChatClient([device]);
        await using var gateway = await StartAsync(client, options => options with { MaxRunning = 1, MaxQueued = 2 });
        await using var asker = await Requester.StartAsync(_bus.Connect(), Limit);
        await asker.AskAsync("running", Limit);
        var (_, running) = await device.NextAsync(Limit);
        await asker.AskAsync("background", Limit, """{"messages":[{"role":"user","content":"b"}],"hybrid":{"priority":"background"}}""");
        await asker.AskAsync("urgent", Limit, """{"messages":[{"role":"user","content":"u"}],"hybrid":{"priority":"interactive"}}""");
        await asker.AskAsync("more", Limit);
        Assert.Equal(("more", "", "busy"), await asker.AnswerAsync(Limit));
        await asker.AskAsync("more", Limit); // the same again has its answer
        Assert.Equal((1, 2), (gateway.Running, gateway.Queued));
        Say(running, "r");
        Assert.Equal("running", (await asker.AnswerAsync(Limit)).Id);
        Say((await device.NextAsync(Limit)).Words, "u");
        Assert.Equal(("urgent", "u", "stop"), await asker.AnswerAsync(Limit));
        Say((await device.NextAsync(Limit)).Words, "b");
        Assert.Equal(("background", "b", "stop"), await asker.AnswerAsync(Limit));
        Assert.False(asker.HasMore);
    }

    [Fact]
    public async Task A_cancel_ends_an_answer_that_runs_and_one_that_waits()
    {
        var device = new GateTarget();
        await using var client = new HybridChatClient([device]);
        await using var gateway = await StartAsync(client, options => options with { MaxRunning = 1 });
        await using var asker = await Requester.StartAsync(_bus.Connect(), Limit);
        await asker.AskAsync("runs", Limit);
        (await device.NextAsync(Limit)).Words.Writer.TryWrite("some");
        Assert.Equal("some", (await asker.NextAsync(Limit)).Body.GetProperty("text").GetString());
        await asker.AskAsync("waits", Limit);
        await asker.CancelAsync("waits", Limit);
        await asker.CancelAsync("runs", Limit);
        await asker.CancelAsync("unknown", Limit);
        Assert.Equal(("runs", "", Reply.Cancelled), await asker.AnswerAsync(Limit));
        Assert.Equal(("waits", "", Reply.Cancelled), await asker.AnswerAsync(Limit));
        Assert.False(device.WasAsked);
    }

    [Fact]
    public async Task A_request_whose_time_passed_while_it_waited_is_told_so()
    {
        var time = new ManualTimeProvider();
        var device = new GateTarget();
        await using var client = new HybridChatClient([device], new() { TimeProvider = time });
        await using var gateway = await StartAsync(client, options => options with { MaxRunning = 1, TimeProvider = time });
        await using var asker = await Requester.StartAsync(_bus.Connect(), Limit);
        await asker.AskAsync("first", Limit);
        var (_, words) = await device.NextAsync(Limit);
        await asker.SendAsync(Requester.Question("expires") with { Expiry = TimeSpan.FromSeconds(5) }, Limit);
        await asker.AskAsync("deadline", Limit, """{"messages":[{"role":"user","content":"d"}],"hybrid":{"deadline_milliseconds":4000}}""");
        time.Advance(TimeSpan.FromSeconds(6));
        Say(words, "1");
        Assert.Equal(("first", "1", "stop"), await asker.AnswerAsync(Limit));
        Assert.Equal(["deadline_exceeded", "deadline_exceeded"], [(await asker.AnswerAsync(Limit)).End, (await asker.AnswerAsync(Limit)).End]);
        Assert.False(device.WasAsked);
    }

    [Theory]
    [InlineData("{", "invalid_json")]
    [InlineData("[]", "invalid_json")]
    [InlineData("""{"messages":[]}""", "invalid_value")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"model":"other"}""", "invalid_value")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"n":2}""", "unsupported_parameter")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"hybrid":{"privacy":"internal"}}""", "not_allowed")]
    public async Task What_cannot_be_answered_is_refused_by_name_and_sent_nowhere(string body, string code)
    {
        var cloud = new ScriptedTarget("cloud", "no");
        cloud.Descriptor = cloud.Descriptor with { Zone = Zone.Public };
        await using var client = new HybridChatClient([cloud]);
        await using var gateway = await StartAsync(client);
        await using var asker = await Requester.StartAsync(_bus.Connect(), Limit);
        await asker.AskAsync("1", Limit, body);
        Assert.Equal(("1", "", code), await asker.AnswerAsync(Limit));
        Assert.Empty(cloud.Received);
    }

    [Theory]
    [InlineData("hybrid/v1/plant/gateway-1/desired")]
    [InlineData("hybrid/v1/other/replies/me")]
    [InlineData("hybrid/v1/plant/replies/")]
    [InlineData("hybrid/v1/plant/replies/+")]
    [InlineData("hybrid/v1/plant/replies/a/#")]
    public async Task It_answers_on_no_topic_but_those_of_replies(string topic)
    {
        var device = new ScriptedTarget("device", "no");
        await using var client = new HybridChatClient([device]);
        await using var gateway = await StartAsync(client);
        await using var asker = await Requester.StartAsync(_bus.Connect(), Limit);
        await asker.SendAsync(Requester.Question("1", replyTopic: topic), Limit);
        await gateway.DrainAsync(Limit);
        Assert.Empty(device.Received);
        Assert.Single(_bus.Taken);
    }

    [Fact]
    public async Task While_a_message_is_under_way_the_next_one_grows()
    {
        var device = new GateTarget();
        await using var client = new HybridChatClient([device]);
        var line = Connect();
        await using var gateway = await InferenceGateway.StartAsync(client, line, Options(), Limit);
        await using var asker = await Requester.StartAsync(_bus.Connect(), Limit);
        await asker.AskAsync("1", Limit);
        var (_, words) = await device.NextAsync(Limit);
        words.Writer.TryWrite("0 ");
        Assert.Equal("0 ", (await asker.NextAsync(Limit)).Body.GetProperty("text").GetString());
        line.Cut();
        for (var i = 1; i <= 100; i++) words.Writer.TryWrite($"{i} ");
        words.Writer.TryWrite(null);
        while (words.Reader.Count > 0) await Task.Yield();
        await line.RestoreAsync();
        var (_, text, end) = await asker.AnswerAsync(Limit);
        Assert.Equal((string.Concat(Enumerable.Range(1, 100).Select(i => $"{i} ")), "stop"), (text, end));
        Assert.InRange(_bus.Taken.Count(one => one.Topic == Requester.ReplyTopic), 2, 4);
    }

    [Fact]
    public async Task A_full_disk_is_told_and_nothing_is_taken()
    {
        var device = new ScriptedTarget("device", "no");
        await using var client = new HybridChatClient([device]);
        await using var gateway = await InferenceGateway.StartAsync(client, Connect(), Options(), new FullDisk(), Limit);
        await using var asker = await Requester.StartAsync(_bus.Connect(), Limit);
        await asker.AskAsync("1", Limit);
        Assert.Equal(("1", "", "storage"), await asker.AnswerAsync(Limit));
        Assert.Empty(device.Received);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _limit.Dispose();
    }

    private static void Say(System.Threading.Channels.Channel<string?> words, string text)
    {
        words.Writer.TryWrite(text);
        words.Writer.TryWrite(null);
    }

    private MemoryBus.Client Connect()
    {
        var line = _bus.Connect();
        line.StartAsync(Limit).GetAwaiter().GetResult(); // done at once
        return line;
    }

    private InferenceGatewayOptions Options() => new() { Fleet = Requester.Fleet, Device = Requester.Gateway, Path = _folder.Path };

    private Task<InferenceGateway> StartAsync(HybridChatClient client, Func<InferenceGatewayOptions, InferenceGatewayOptions>? change = null) =>
        InferenceGateway.StartAsync(client, Connect(), change is null ? Options() : change(Options()), Limit);
}
