using System.Diagnostics;
using System.Text;
using Hybrid.Accounting;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.EndToEnd.Streaming;

/// <summary>What came of a question as an app sees it.</summary>
/// <param name="Text">All text that was delivered.</param>
/// <param name="Receipt">What it took.</param>
/// <param name="FirstText">From the question to the first text.</param>
internal sealed record Answer(string Text, RequestReceipt Receipt, TimeSpan FirstText)
{
    private static readonly ChatOptions Options = new() { Temperature = 0, MaxOutputTokens = 200 };

    /// <summary>Asks greedily and reads to the end, or as long as somebody wants.</summary>
    /// <param name="targets">Who may answer.</param>
    /// <param name="policy">Who does.</param>
    /// <param name="question">The question.</param>
    /// <param name="options">Null: greedy, 200 tokens at most.</param>
    /// <param name="onText">Sees each text and whose it is; false: enough. Null: all is wanted.</param>
    /// <param name="ready">What is waited for between the client's making and the question.</param>
    public static async Task<Answer> AskAsync(
        IEnumerable<ITarget> targets, RoutingPolicy policy, string question, ChatOptions? options = null, Func<string, string, ValueTask<bool>>? onText = null, Func<Task>? ready = null)
    {
        RequestReceipt? receipt = null;
        await using var client = new HybridChatClient(targets, new() { Policy = policy, OnReceipt = settled => receipt = settled });
        if (ready is not null)
            await ready();
        var text = new StringBuilder();
        TimeSpan? first = null;
        var asked = Stopwatch.GetTimestamp();
        await foreach (var update in client.GetStreamingResponseAsync(question, options ?? Options))
        {
            if (update.Text.Length == 0)
                continue;
            first ??= Stopwatch.GetElapsedTime(asked);
            text.Append(update.Text);
            if (onText is not null && !await onText(update.Text, (string)update.AdditionalProperties![HybridUpdateKeys.Target]!))
                break;
        }

        return new(text.ToString(), receipt!, first ?? Stopwatch.GetElapsedTime(asked));
    }

    /// <summary>The answer that nothing interrupts, and its tokens.</summary>
    public static async Task<(string Text, int[] Tokens)> UnbrokenAsync(LlamaEngine engine, string question)
    {
        var text = "";
        var tokens = new List<int>();
        await foreach (var update in engine.GenerateAsync(new() { Prompt = new MessagesPrompt([new("user", question)]), Sampling = SamplingOptions.Greedy, MaxTokens = Options.MaxOutputTokens }))
        {
            text += update.Text;
            tokens.AddRange(update.Tokens);
        }

        return (text, [.. tokens]);
    }

    /// <summary>Whether what was delivered is what its speakers said, in order, each going on from exactly what was there.</summary>
    public bool IsOneAnswerOf(params WatchedTarget[] speakers)
    {
        var said = speakers.SelectMany(speaker => speaker.Answers).ToArray();
        return said.All(answer => answer.Request.Continuation.Length == 0 || said.Any(before => before != answer && before.Whole.StartsWith(answer.Request.Continuation, StringComparison.Ordinal)))
            && said.Any(answer => answer.Request.MaxTokens != 1 && answer.Whole.StartsWith(Text, StringComparison.Ordinal) && Text.StartsWith(answer.Request.Continuation, StringComparison.Ordinal));
    }
}
