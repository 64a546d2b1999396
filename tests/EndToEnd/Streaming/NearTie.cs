using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.EndToEnd.Streaming;

/// <summary>Two tokens that are so nearly equally likely that the order of a sum decides between them.</summary>
/// <remarks>What was said is prefilled at a seam in one batch, and was decoded token by token before: the same sums, rounded in another order.</remarks>
internal static class NearTie
{
    private const float Nearly = 0.02f; // of probability

    /// <summary>Whether the place where two greedy answers part is one.</summary>
    public static async Task<bool> PartsAsync(LlamaEngine engine, string question, IReadOnlyList<int> unbroken, IReadOnlyList<int> stitched)
    {
        var at = 0;
        while (at < unbroken.Count && at < stitched.Count && unbroken[at] == stitched[at])
            at++;
        var scores = new List<TokenScore>();
        var request = new DecodeRequest { Prompt = new MessagesPrompt([new("user", question)]), Sampling = SamplingOptions.Greedy, MaxTokens = at + 1, LogProbabilities = 0 };
        await foreach (var update in engine.GenerateAsync(request))
            scores.AddRange(update.Scores ?? []);
        return scores.Count > at && scores[at].Margin < Nearly;
    }
}
