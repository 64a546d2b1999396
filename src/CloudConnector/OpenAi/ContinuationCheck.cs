using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>Whether a pool goes on from a text or starts over: its own greedy answer, cut in the middle, must come out the same again.</summary>
/// <remarks>
/// No fresh answer begins like the second half of one, whatever the model can do, so a pool that starts over or says something else is
/// told from one that goes on. A pool may say the text again and then go on: that is no start anew, for the tokens that it is allowed
/// would not reach so far.
/// </remarks>
internal sealed class ContinuationCheck(Func<DecodeRequest, ContinuationMode, CancellationToken, IAsyncEnumerable<DecodeUpdate>> ask)
{
    private const int LongestAnswer = 32;
    private const int LeastBeforeCut = 8;
    private const int Telling = 6;
    private const int Enough = 16;
    private const int LeastTokens = 8;

    private static readonly string[] Questions =
    [
        "Name the planets of the solar system in their order from the sun.",
        "What is the weather like at sea? Answer in two sentences.",
        "Hello! Who are you, and what can you do?",
    ];

    /// <summary>The first way that goes on; <see cref="ContinuationMode.None"/> where none does, <see cref="ContinuationMode.Auto"/> where no answer could be cut.</summary>
    /// <exception cref="HybridException">The pool failed.</exception>
    public async Task<(ContinuationMode Mode, bool Echoes)> RunAsync(IEnumerable<ContinuationMode> candidates, CancellationToken cancellationToken)
    {
        List<(DecodeRequest Request, string Left)> cuts = [];
        foreach (var question in Questions)
        {
            var request = new DecodeRequest { Prompt = new MessagesPrompt([new("user", question)]), Sampling = SamplingOptions.Greedy, MaxTokens = LongestAnswer, Privacy = PrivacyClass.Public };
            var (answer, tokens) = await TextAsync(request, ContinuationMode.None, cancellationToken);
            if (tokens >= LeastTokens && Cut(answer) is var (said, rest))
                cuts.Add((request with { Continuation = said, MaxTokens = Math.Max(1, tokens * said.Length / answer.Length / 2) }, rest));
        }

        if (cuts.Count == 0)
            return (ContinuationMode.Auto, false);
        foreach (var mode in candidates)
        {
            foreach (var (request, rest) in cuts)
            {
                if (await GoesOnAsync(request, rest, mode, cancellationToken) is { } echoes)
                    return (mode, echoes);
            }
        }

        return (ContinuationMode.None, false);
    }

    /// <summary>The answer in two at the end of a word about its middle; null where the second half would not tell.</summary>
    public static (string Said, string Left)? Cut(string answer)
    {
        for (var offset = 0; offset < answer.Length; offset++)
        {
            var at = (answer.Length / 2) + ((offset & 1) == 0 ? offset / 2 : -(offset + 1) / 2);
            if (at < LeastBeforeCut || at > answer.Length - Telling || answer[at] != ' ' || char.IsWhiteSpace(answer[at - 1]))
                continue;
            var (said, rest) = (answer[..at], answer[at..]);
            if (!answer.StartsWith(rest[..Telling], StringComparison.Ordinal) && !answer.StartsWith(rest[1..Telling], StringComparison.Ordinal))
                return (said, rest);
        }

        return null;
    }

    /// <returns>Whether it says the text again before it goes on; null where it does not go on.</returns>
    private async Task<bool?> GoesOnAsync(DecodeRequest request, string rest, ContinuationMode mode, CancellationToken cancellationToken)
    {
        try
        {
            var (text, _) = await TextAsync(request, mode, cancellationToken);
            var echoes = text.StartsWith(request.Continuation, StringComparison.Ordinal);
            var from = echoes ? request.Continuation.Length : 0;
            var length = Math.Min(Math.Min(text.Length - from, rest.Length), Enough);
            return length >= Telling && string.CompareOrdinal(text, from, rest, 0, length) == 0 ? echoes : null;
        }
        catch (HybridException exception) when (exception.Error == HybridError.InvalidRequest)
        {
            return null; // it does not know what it is asked for
        }
    }

    private async Task<(string Text, int Tokens)> TextAsync(DecodeRequest request, ContinuationMode mode, CancellationToken cancellationToken)
    {
        var (text, tokens) = ("", 0);
        await foreach (var update in ask(request, mode, cancellationToken))
            (text, tokens) = (text + update.Text, tokens + update.TokenCount);
        return (text, tokens);
    }
}
