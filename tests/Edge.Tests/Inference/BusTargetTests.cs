using System.Text;
using Hybrid.Edge.Fleet;
using Hybrid.Edge.Inference;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Tests.Mqtt;
using Hybrid.OpenAi;
using Hybrid.Targets;
using Hybrid.Tests;
using Microsoft.Extensions.AI;

namespace Hybrid.Edge.Tests.Inference;

/// <summary>A gateway as a target of a device that holds no model.</summary>
public sealed class BusTargetTests : IDisposable
{
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(3));
    private readonly TemporaryFolder _folder = new();
    private readonly MemoryBus _bus = new();

    private CancellationToken Limit => _limit.Token;

    [Fact]
    public async Task A_device_without_a_model_is_answered_by_the_gateway_beside_it()
    {
        var engine = new ScriptedTarget("engine", "From", " the", " gateway", ".");
        await using var far = new HybridChatClient([engine]);
        await using var gateway = await GatewayAsync(far);
        await using var target = await TargetAsync();
        await using var near = new HybridChatClient([target]);
        var response = await near.GetResponseAsync(
            [new(ChatRole.System, "Be \"short\" – wörtlich."), new(ChatRole.User, "Who are you?")],
            new ChatOptions { Temperature = 0, MaxOutputTokens = 9, StopSequences = ["END"], Seed = 5 }.WithPrivacy(PrivacyClass.Confidential).WithPriority(RequestPriority.Interactive), Limit);
        Assert.Equal("From the gateway.", response.Text);
        var (asked, _) = Assert.Single(engine.Received);
        Assert.Equal((PrivacyClass.Confidential, RequestPriority.Interactive, 9, 0f, 5L), (asked.Privacy, asked.Priority, asked.MaxTokens, asked.Sampling.Temperature, asked.Sampling.Seed));
        Assert.Equal(["END"], asked.StopSequences);
        Assert.Equal([new("system", "Be \"short\" – wörtlich."), new PromptMessage("user", "Who are you?")], Assert.IsType<MessagesPrompt>(asked.Prompt).Messages);
    }

    [Fact]
    public async Task A_secret_does_not_reach_the_bus()
    {
        await using var target = await TargetAsync();
        await using var near = new HybridChatClient([target]);
        var refused = await Assert.ThrowsAsync<HybridException>(() => near.GetResponseAsync([new(ChatRole.User, "secret")], new ChatOptions().WithPrivacy(PrivacyClass.Secret), Limit));
        Assert.Equal(HybridError.NoTargetAllowed, refused.Error);
        await Assert.ThrowsAsync<HybridException>(async () =>
        {
            await foreach (var _ in target.GenerateAsync(Request() with { Privacy = PrivacyClass.Secret }, Limit)) Assert.Fail();
        });
        Assert.Empty(_bus.Taken);
    }

    [Theory]
    [InlineData("busy", HybridError.Busy)]
    [InlineData("deadline_exceeded", HybridError.DeadlineExceeded)]
    [InlineData("context_length_exceeded", HybridError.ContextExceeded)]
    [InlineData("interrupted", HybridError.TargetUnavailable)]
    [InlineData("no such code", HybridError.Internal)]
    public async Task The_gateways_errors_are_the_targets(string code, HybridError kind)
    {
        await using var target = await TargetAsync();
        await using var fake = await FakeAsync(_ => [$$"""{"n":0,"error":{"code":"{{code}}","message":"why"} }"""]);
        Assert.Equal(kind, (await Assert.ThrowsAsync<HybridException>(() => ReadAsync(target))).Error);
    }

    [Fact]
    public void Every_kind_of_error_comes_over_the_bus_as_one_that_leads_to_the_same_step()
    {
        foreach (var kind in Enum.GetValues<HybridError>())
        {
            var read = ErrorCodes.Parse(ErrorCodes.Of(kind));
            Assert.True(read == kind || read is HybridError.TargetUnavailable or HybridError.Internal, kind.ToString());
        }
    }

    [Fact]
    public async Task A_message_that_comes_twice_is_dropped_and_one_that_is_missing_is_a_fault()
    {
        await using var target = await TargetAsync();
        const string End = """{"n":2,"finish":"stop","usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}""";
        await using (await FakeAsync(_ => ["""{"n":0,"text":"a"}""", """{"n":0,"text":"a"}""", """{"n":1,"text":"b"}""", """{"n":0,"text":"a"}""", End, End]))
            Assert.Equal("ab", await ReadAsync(target));
        await using (await FakeAsync(_ => ["""{"n":0,"text":"a"}""", End]))
            Assert.Equal(HybridError.TargetUnavailable, (await Assert.ThrowsAsync<HybridException>(() => ReadAsync(target))).Error);
        await using (await FakeAsync(_ => ["""{"n":0,"text":5}"""]))
            Assert.Equal(HybridError.Internal, (await Assert.ThrowsAsync<HybridException>(() => ReadAsync(target))).Error);
    }

    [Fact]
    public async Task Silence_ends_at_its_limit_and_the_gateway_is_told()
    {
        var time = new ManualTimeProvider();
        await using var target = await TargetAsync(time);
        var cancelled = new TaskCompletionSource();
        await using var cancels = await (await LineAsync()).SubscribeAsync(new(InferTopics.Cancels(Requester.Fleet, Requester.Gateway)), (_, _) =>
        {
            cancelled.TrySetResult();
            return default;
        }, Limit);
        await using var fake = await FakeAsync(_ => ["""{"n":0,"text":"a"}"""]);
        await using var updates = target.GenerateAsync(Request(), Limit).GetAsyncEnumerator(Limit);
        Assert.True(await updates.MoveNextAsync());
        var next = updates.MoveNextAsync().AsTask();
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(HybridError.TargetUnavailable, (await Assert.ThrowsAsync<HybridException>(() => next)).Error);
        await cancelled.Task.WaitAsync(Limit);
    }

    [Fact]
    public async Task While_the_broker_is_away_another_target_is_used_and_then_the_gateway_again()
    {
        await using var far = new HybridChatClient([new ScriptedTarget("engine", "far")]);
        await using var gateway = await GatewayAsync(far);
        var line = await LineAsync();
        await using var target = new BusTarget(line, Options(TimeProvider.System));
        await using var near = new HybridChatClient([target, new ScriptedTarget("device", "near")], new() { Policy = Hybrid.Policy.PolicyPresets.Fast });
        line.Cut();
        Assert.Equal("near", (await near.GetResponseAsync([new(ChatRole.User, "hi")], new ChatOptions(), Limit)).Text);
        Assert.Equal(TargetReadiness.Unavailable, target.State.Readiness);
        await line.RestoreAsync();
        Assert.Equal("far", (await near.GetResponseAsync([new(ChatRole.User, "hi")], new ChatOptions().WithTarget("gateway"), Limit)).Text);
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
    }

    [Fact]
    public async Task Where_nobody_listens_the_request_moves_on_at_once_and_the_gateway_is_left_alone_for_a_while()
    {
        var time = new ManualTimeProvider();
        await using var target = await TargetAsync(time);
        await using var near = new HybridChatClient([target, new ScriptedTarget("device", "near")], new() { Policy = Hybrid.Policy.PolicyPresets.Fast });
        Assert.Equal("near", (await near.GetResponseAsync([new(ChatRole.User, "hi")], new ChatOptions(), Limit)).Text);
        Assert.Equal(HybridError.TargetUnavailable, (await Assert.ThrowsAsync<HybridException>(() => ReadAsync(target))).Error);
        Assert.Equal(TargetReadiness.Unavailable, target.State.Readiness);
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(TargetReadiness.Unknown, target.State.Readiness);
    }

    [Fact]
    public async Task A_gateway_that_left_the_bus_is_not_asked_and_ends_what_it_has_not_begun()
    {
        await using var target = await TargetAsync();
        await using var fake = await FakeAsync(message => message.CorrelationData.Length > 0 && _bus.TakenNow.Count(one => one.Topic == message.Topic) == 1 ? [] : ["""{"n":0,"text":"a"}""", """{"n":1,"finish":"stop","usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"""]);
        Assert.True(await target.ProbeAsync(Limit));
        await PresenceAsync(online: true);
        Assert.Equal(TargetReadiness.Unknown, target.State.Readiness);
        var waiting = ReadAsync(target);
        await PresenceAsync(online: false);
        Assert.Equal(HybridError.TargetUnavailable, (await Assert.ThrowsAsync<HybridException>(() => waiting)).Error);
        Assert.Equal(TargetReadiness.Unavailable, target.State.Readiness);
        var before = _bus.TakenNow.Length;
        Assert.Equal(HybridError.TargetUnavailable, (await Assert.ThrowsAsync<HybridException>(() => ReadAsync(target))).Error);
        Assert.Equal(before, _bus.TakenNow.Length);
        await PresenceAsync(online: true);
        Assert.Equal("a", await ReadAsync(target));
    }

    [Fact]
    public async Task Cancelling_stops_the_gateway_too()
    {
        var engine = new GateTarget();
        await using var far = new HybridChatClient([engine]);
        await using var gateway = await GatewayAsync(far);
        await using var target = await TargetAsync();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Limit);
        var answer = ReadAsync(target, cancel.Token);
        await engine.NextAsync(Limit);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        await gateway.DrainAsync(Limit);
        Assert.Equal(0, gateway.Running);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _limit.Dispose();
    }

    private async Task PresenceAsync(bool online) =>
        await (await LineAsync()).PublishAsync(FleetClient.Presence(new FleetTopics(Requester.Fleet, Requester.Gateway), new(DesiredDocument.Schema, online, null, null)), Limit);

    private static DecodeRequest Request() => new() { Prompt = new MessagesPrompt([new("user", "hi")]) };

    private static BusTargetOptions Options(TimeProvider time) => new()
    {
        Descriptor = new() { Name = "gateway", Model = "hybrid", Zone = Zone.Site },
        Fleet = Requester.Fleet,
        Device = Requester.Gateway,
        ReplyName = "tester",
        TimeProvider = time,
    };

    private async Task<string> ReadAsync(BusTarget target, CancellationToken cancellationToken = default)
    {
        var text = "";
        await foreach (var update in target.GenerateAsync(Request(), cancellationToken == default ? Limit : cancellationToken)) text += update.Text;
        return text;
    }

    private async Task<MemoryBus.Client> LineAsync()
    {
        var line = _bus.Connect();
        await line.StartAsync(Limit);
        return line;
    }

    private async Task<BusTarget> TargetAsync(TimeProvider? time = null) => new(await LineAsync(), Options(time ?? TimeProvider.System));

    private async Task<InferenceGateway> GatewayAsync(HybridChatClient client) => await InferenceGateway.StartAsync(
        client, await LineAsync(), new() { Fleet = Requester.Fleet, Device = Requester.Gateway, Path = _folder.Path }, Limit);

    /// <summary>Answers each request with fixed messages.</summary>
    private async Task<IAsyncDisposable> FakeAsync(Func<MqttMessage, string[]> answer)
    {
        var line = await LineAsync();
        return await line.SubscribeAsync(new(InferTopics.Requests(Requester.Fleet, Requester.Gateway)), async (message, token) =>
        {
            foreach (var one in answer(message))
                await line.PublishAsync(new() { Topic = message.ResponseTopic!, Payload = Encoding.UTF8.GetBytes(one), CorrelationData = message.CorrelationData }, token);
        }, Limit);
    }
}
