using System.Runtime.CompilerServices;
using Hybrid.Targets;

namespace Hybrid.Engines.ToolCalls;

/// <summary>An answer's updates with the calls taken out of the text.</summary>
/// <remarks>An update's tokens go with its first part. What is held, and what a call took out, is pending: no text has it.</remarks>
internal static class ToolCallStream
{
    public static async IAsyncEnumerable<DecodeUpdate> ReadAsync(
        IAsyncEnumerable<DecodeUpdate> updates, ToolCallReader reader, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var update in updates.WithCancellation(cancellationToken))
        {
            var rest = update with { Completion = null };
            foreach (var part in reader.Append(update.Text))
            {
                yield return Part(rest, part, reader);
                rest = WithoutTokens(rest);
            }

            if (update.Completion is not { } completion)
            {
                if (rest.TokenCount > 0)
                    yield return Part(rest, new(""), reader);
                continue;
            }

            foreach (var part in reader.Flush())
            {
                yield return Part(rest, part, reader);
                rest = WithoutTokens(rest);
            }

            var called = reader.HasCalls && completion.Finish == DecodeFinish.Stop;
            yield return Part(rest, new(""), reader) with { Completion = called ? completion with { Finish = DecodeFinish.ToolCalls } : completion };
        }
    }

    private static DecodeUpdate Part(in DecodeUpdate update, AnswerPart part, ToolCallReader reader) =>
        update with { Text = part.Text, ToolCall = part.Call, PendingBytes = update.PendingBytes + reader.PendingBytes };

    private static DecodeUpdate WithoutTokens(in DecodeUpdate update) =>
        update with { TokenCount = 0, Scores = null, Tokens = default, Vocabulary = null, TokenIndex = update.TokenIndex + update.TokenCount };
}
