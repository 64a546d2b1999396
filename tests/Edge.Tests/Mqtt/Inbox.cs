using System.Threading.Channels;
using Hybrid.Edge.Mqtt;

namespace Hybrid.Edge.Tests.Mqtt;

/// <summary>Keeps copies of what a handler got, for a test to wait for.</summary>
internal sealed class Inbox
{
    private readonly Channel<MqttMessage> _messages = Channel.CreateUnbounded<MqttMessage>();

    public static string Text(MqttMessage message) => System.Text.Encoding.UTF8.GetString(message.Payload.Span);

    public ValueTask TakeAsync(MqttMessage message, CancellationToken cancellationToken) =>
        _messages.Writer.WriteAsync(message with { Payload = message.Payload.ToArray() }, cancellationToken);

    /// <summary>The next one; a test that waits two minutes hangs.</summary>
    public async Task<MqttMessage> NextAsync() => await _messages.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(2));

    /// <summary>Everything up to a message with this payload, which is not among it.</summary>
    public async Task<List<string>> UntilAsync(string last)
    {
        var texts = new List<string>();
        while (Text(await NextAsync()) is var text && text != last) texts.Add(text);
        return texts;
    }
}
