using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Hybrid.Edge.Inference;
using Hybrid.Edge.Mqtt;

namespace Hybrid.Edge.Tests.Inference;

/// <summary>Asks over the bus as a microcontroller would, by hand.</summary>
internal sealed class Requester : IAsyncDisposable
{
    public const string Fleet = "plant";
    public const string Gateway = "gateway-1";
    private readonly IMqttClient _bus;
    private readonly Channel<(string Id, JsonElement Body)> _replies = Channel.CreateUnbounded<(string, JsonElement)>();
    private IAsyncDisposable? _subscription;

    private Requester(IMqttClient bus) => _bus = bus;

    public static string ReplyTopic => InferTopics.Replies(Fleet, "sensor");

    public static async Task<Requester> StartAsync(IMqttClient bus, CancellationToken cancellationToken)
    {
        var requester = new Requester(bus);
        await bus.StartAsync(cancellationToken);
        requester._subscription = await bus.SubscribeAsync(new(ReplyTopic), (message, _) =>
        {
            requester._replies.Writer.TryWrite((Encoding.UTF8.GetString(message.CorrelationData.Span), JsonElement.Parse(Encoding.UTF8.GetString(message.Payload.Span))));
            return default;
        }, cancellationToken);
        return requester;
    }

    public static MqttMessage Question(string id, string? body = null, string? replyTopic = null) => new()
    {
        Topic = InferTopics.Requests(Fleet, Gateway),
        Payload = Encoding.UTF8.GetBytes(body ?? """{"messages":[{"role":"user","content":"hi"}]}"""),
        Qos = MqttQos.AtLeastOnce,
        ResponseTopic = replyTopic ?? ReplyTopic,
        CorrelationData = Encoding.UTF8.GetBytes(id),
    };

    public Task AskAsync(string id, CancellationToken cancellationToken, string? body = null) => _bus.PublishAsync(Question(id, body), cancellationToken);

    public Task SendAsync(MqttMessage message, CancellationToken cancellationToken) => _bus.PublishAsync(message, cancellationToken);

    public Task CancelAsync(string id, CancellationToken cancellationToken) =>
        _bus.PublishAsync(Question(id) with { Topic = InferTopics.Cancels(Fleet, Gateway), Payload = default }, cancellationToken);

    public ValueTask<(string Id, JsonElement Body)> NextAsync(CancellationToken cancellationToken) => _replies.Reader.ReadAsync(cancellationToken);

    public bool HasMore => _replies.Reader.Count > 0;

    /// <summary>Reads to the next end of an answer: its text, and the finish or the error's code.</summary>
    public async Task<(string Id, string Text, string End)> AnswerAsync(CancellationToken cancellationToken)
    {
        for (var text = ""; ;)
        {
            var (id, body) = await NextAsync(cancellationToken);
            if (body.TryGetProperty("text", out var piece)) text += piece.GetString();
            if (End(body) is { } end) return (id, text, end);
        }
    }

    public static string? End(JsonElement body) => body.TryGetProperty("finish", out var finish) ? finish.GetString()
        : body.TryGetProperty("error", out var error) ? error.GetProperty("code").GetString() : null;

    public ValueTask DisposeAsync() => _subscription?.DisposeAsync() ?? default;
}
