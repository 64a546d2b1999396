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
            var tokens = update.TokenCount;
            foreach (var part in reader.Append(update.Text))
            {
                yield return new(part.Text, tokens) { ToolCall = part.Call };
                tokens = 0;
            }

            if (update.Completion is not { } completion)
            {
                if (tokens > 0)
                    yield return new("", tokens);
                continue;
            }

            foreach (var part in reader.Flush())
            {
                yield return new(part.Text, tokens) { ToolCall = part.Call };
                tokens = 0;
            }

            var called = reader.HasCalls && completion.Finish == DecodeFinish.Stop;
            yield return new("", tokens, called ? completion with { Finish = DecodeFinish.ToolCalls } : completion);
        }
    }
}
