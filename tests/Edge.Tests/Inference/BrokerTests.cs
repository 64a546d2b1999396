using Hybrid.Edge.Inference;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Tests.Mqtt;
using Hybrid.Edge.Tests.Mqtt.Brokers;
using Hybrid.Targets;
using Hybrid.Tests;

namespace Hybrid.Edge.Tests.Inference;

/// <summary>Inference over a real broker, with lines that break.</summary>
public sealed class BrokerTests(MosquittoFixture fixture) : IClassFixture<MosquittoFixture>, IDisposable
{
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(3));
    private readonly TemporaryFolder _folder = new();

    private CancellationToken Limit => _limit.Token;

    [Fact]
    public async Task Answers_are_whole_although_the_lines_of_both_sides_are_cut_again_and_again()
    {
        var words = Enumerable.Range(0, 40).Select(i => $"w{i} ").ToArray();
        await using var gatewayLine = new Proxy(fixture.Broker.Endpoint);
        await using var askerLine = new Proxy(fixture.Broker.Endpoint);
        var tokens = 0; // of all answers
        var engine = new ScriptedTarget("engine", words)
        {
            OnToken = () =>
            {
                // Now one line, now the other, in the middle of each answer.
                var token = Interlocked.Increment(ref tokens);
                if (token % 23 == 0) gatewayLine.Cut();
                else if (token % 31 == 0) askerLine.Cut();
            },
        };
        await using var far = new HybridChatClient([engine]);
        await using var gatewayBus = Connect(gatewayLine, "gateway");
        await using var gateway = await InferenceGateway.StartAsync(far, gatewayBus, new() { Fleet = "plant", Device = "gateway-1", Path = _folder.Path }, Limit);
        await gatewayBus.StartAsync(Limit);
        await using var askerBus = Connect(askerLine, "asker");
        await askerBus.StartAsync(Limit);
        await using var target = new BusTarget(askerBus, new()
        {
            Descriptor = new() { Name = "gateway", Model = "hybrid", Zone = Zone.Site },
            Fleet = "plant",
            Device = "gateway-1",
            ReplyName = "asker",
        });
        var answers = Enumerable.Range(0, 6).Select(async _ =>
        {
            var text = "";
            await foreach (var update in target.GenerateAsync(new() { Prompt = new MessagesPrompt([new("user", "count")]) }, Limit)) text += update.Text;
            return text;
        });
        Assert.All(await Task.WhenAll(answers), text => Assert.Equal(string.Concat(words), text));
        Assert.Equal(6, engine.Received.Count); // none was run twice
        Assert.True(gatewayLine.Connections > 1 && askerLine.Connections > 1);
    }

    [Fact]
    public async Task What_is_asked_while_the_gateway_is_away_is_answered_when_it_is_back()
    {
        await using var far = new HybridChatClient([new ScriptedTarget("engine", "back")]);
        var options = new InferenceGatewayOptions { Fleet = "away", Device = "gateway-1", Path = _folder.Path };
        await using (var bus = Client("away-gateway"))
        {
            await using var gateway = await InferenceGateway.StartAsync(far, bus, options, Limit);
            await bus.StartAsync(Limit);
            await bus.StopAsync(Limit); // first the line, so that the session keeps its subscription
        }

        await using var asker = Client("away-asker");
        var replies = new TaskCompletionSource<string>();
        await using var subscription = await asker.SubscribeAsync(new("hybrid/v1/away/replies/me"), (message, _) =>
        {
            replies.TrySetResult(System.Text.Encoding.UTF8.GetString(message.Payload.Span));
            return default;
        }, Limit);
        await asker.StartAsync(Limit);
        await asker.PublishAsync(Requester.Question("1", replyTopic: "hybrid/v1/away/replies/me") with { Topic = InferTopics.Requests("away", "gateway-1") }, Limit);
        await using var again = Client("away-gateway");
        await using var next = await InferenceGateway.StartAsync(far, again, options, Limit);
        await again.StartAsync(Limit);
        Assert.Contains("\"text\":\"back\"", await replies.Task.WaitAsync(Limit), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _limit.Dispose();
    }

    private static MqttClient Connect(Proxy line, string name) => new(new() { Broker = line.Endpoint, ClientId = $"inference-{name}", ReconnectDelay = TimeSpan.FromMilliseconds(10), MaximumReconnectDelay = TimeSpan.FromMilliseconds(100) });

    private MqttClient Client(string name) => new(new() { Broker = fixture.Broker.Endpoint, ClientId = $"inference-{name}" });
}
