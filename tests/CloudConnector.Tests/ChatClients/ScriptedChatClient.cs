using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Hybrid.CloudConnector.Tests.ChatClients;

/// <summary>A chat client that says what a test tells it to and remembers what it was asked.</summary>
internal sealed class ScriptedChatClient(Func<CancellationToken, IAsyncEnumerable<ChatResponseUpdate>> answer) : IChatClient
{
    public ScriptedChatClient(params ChatResponseUpdate[] updates)
        : this(token => Say(updates, null, token))
    {
    }

    public List<ChatMessage> Messages { get; } = [];

    public ChatOptions? Options { get; private set; }

    public int Calls { get; private set; }

    public int Disposals { get; private set; }

    public static ChatResponseUpdate Text(string text) => new(ChatRole.Assistant, text);

    public static ChatResponseUpdate End(ChatFinishReason? reason, params AIContent[] contents) => new(ChatRole.Assistant, contents) { FinishReason = reason };

    /// <summary>Says the updates and then fails, where a fault is given.</summary>
    public static async IAsyncEnumerable<ChatResponseUpdate> Say(ChatResponseUpdate[] updates, Exception? fault, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var update in updates)
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            yield return update;
        }

        if (fault is not null)
            throw fault;
    }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        Calls++;
        Messages.Clear();
        Messages.AddRange(messages);
        Options = options;
        return answer(cancellationToken);
    }

    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose() => Disposals++;
}
