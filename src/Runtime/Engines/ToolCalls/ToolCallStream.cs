using System.Runtime.CompilerServices;
using Hybrid.Targets;

namespace Hybrid.Engines.ToolCalls;

/// <summary>An answer's updates with the calls taken out of the text.</summary>
internal static class ToolCallStream
{
    public static async IAsyncEnumerable<DecodeUpdate> ReadAsync(
        IAsyncEnumerable<DecodeUpdate> updates, ToolCallReader reader, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var update in updates.WithCancellation(cancellationToken))
        {
            var (tokens, scores) = (update.TokenCount, update.Scores);
            foreach (var part in reader.Append(update.Text))
            {
                yield return new(part.Text, tokens) { ToolCall = part.Call, Scores = scores };
                (tokens, scores) = (0, null);
            }

            if (update.Completion is not { } completion)
            {
                if (tokens > 0)
                    yield return new("", tokens) { Scores = scores };
                continue;
            }

            foreach (var part in reader.Flush())
            {
                yield return new(part.Text, tokens) { ToolCall = part.Call, Scores = scores };
                (tokens, scores) = (0, null);
            }

            var called = reader.HasCalls && completion.Finish == DecodeFinish.Stop;
            yield return new("", tokens, called ? completion with { Finish = DecodeFinish.ToolCalls } : completion) { Scores = scores };
        }
    }
}
