using System.Runtime.CompilerServices;
using Hybrid.Accounting;
using Hybrid.OpenAi;
using Hybrid.Targets;

namespace Hybrid.Chat;

/// <summary>One question that came over a wire, answered by a client as a target would answer it. Used once.</summary>
internal sealed class AnsweredCall(HybridChatClient client, ChatCall call)
{
    /// <summary>Who spoke first; null before anybody did.</summary>
    public string? Target { get; private set; }

    /// <summary>What it took; null before the end.</summary>
    public RequestReceipt? Receipt { get; private set; }

    /// <summary>The receipt for a client of the OpenAI API; null before the end.</summary>
    public AnswerNote? Note => Receipt is { } receipt ? AnswerNote.Of(receipt) : null;

    /// <summary>Streams the answer; the last update, and only it, has a completion.</summary>
    public async IAsyncEnumerable<DecodeUpdate> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var piece in client.StreamAsync(call, cancellationToken))
        {
            Target ??= piece.Target;
            Receipt = piece.Receipt;
            yield return new(piece.Text, piece.TokenCount, Receipt is null ? null : Completion(Receipt)) { ToolCall = piece.ToolCall, Scores = piece.Scores };
        }
    }

    private static DecodeCompletion Completion(RequestReceipt receipt) => new()
    {
        Finish = receipt.Finish switch
        {
            RequestFinish.Length => DecodeFinish.Length,
            RequestFinish.ToolCalls => DecodeFinish.ToolCalls,
            _ => DecodeFinish.Stop,
        },
        PromptTokens = receipt.InputTokens,
        CachedTokens = receipt.CachedTokens,
        OutputTokens = receipt.OutputTokens,
    };
}
