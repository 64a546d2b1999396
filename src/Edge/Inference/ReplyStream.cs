using System.Text;
using Hybrid.Chat;
using Hybrid.Edge.Mqtt;
using Hybrid.Targets;

namespace Hybrid.Edge.Inference;

/// <summary>Sends one answer: a message is under way at a time, and what is decoded meanwhile goes into the next one.</summary>
/// <remarks>So a slow line gets few large messages and a fast one many small ones, and the memory for an answer is bounded by its own length.</remarks>
internal sealed class ReplyStream(IMqttClient bus, BusRequest request, Action beforeFirst)
{
    private readonly StringBuilder _text = new();
    private readonly List<ToolCall> _calls = [];
    private Task _sending = Task.CompletedTask;
    private int _number;

    /// <summary>Sends the answer and its end.</summary>
    public async Task SendAsync(AnsweredCall answer, CancellationToken cancellationToken)
    {
        DecodeCompletion? completion = null;
        await foreach (var update in answer.RunAsync(cancellationToken))
        {
            _text.Append(update.Text);
            if (update.ToolCall is { } call) _calls.Add(call);
            completion = update.Completion;
            if (completion is null && _sending.IsCompleted && (_text.Length > 0 || _calls.Count > 0))
            {
                await _sending;
                _sending = SendAsync(Reply.Piece(request, _number, _text.ToString(), [.. _calls]), cancellationToken);
                Clear();
            }
        }

        await _sending;
        await SendAsync(Reply.End(request, _number, _text.ToString(), _calls, completion!, answer.Note), cancellationToken);
    }

    /// <summary>Sends an error as the end, behind what was sent.</summary>
    public async Task FailAsync(string code, string message, CancellationToken cancellationToken)
    {
        await _sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await SendAsync(Reply.Error(request, _number, code, message), cancellationToken);
    }

    /// <summary>Sends an error as the end of an answer whose beginning an earlier process sent.</summary>
    public static Task InterruptAsync(IMqttClient bus, BusRequest request, CancellationToken cancellationToken) => PublishAsync(bus, request, Reply.Error(
        request, null, Reply.Interrupted, "The gateway was restarted in the middle of this answer. What was sent stands; ask again under a new id."), cancellationToken);

    private Task<MqttPublished> SendAsync(byte[] payload, CancellationToken cancellationToken)
    {
        if (_number == 0) beforeFirst();
        _number++;
        return PublishAsync(bus, request, payload, cancellationToken);
    }

    private static Task<MqttPublished> PublishAsync(IMqttClient bus, BusRequest request, byte[] payload, CancellationToken cancellationToken) => bus.PublishAsync(
        new()
        {
            Topic = request.ReplyTopic,
            Payload = payload,
            Qos = MqttQos.AtLeastOnce,
            ContentType = "application/json",
            CorrelationData = request.Correlation,
        },
        cancellationToken);

    private void Clear()
    {
        _text.Clear();
        _calls.Clear();
    }
}
