using Hybrid.Engines.LlamaCpp;

namespace Hybrid.Tests.Engines.LlamaCpp;

[Collection("llama.cpp")]
public sealed class ContinuationTests(SharedEngine shared, ITestOutputHelper output)
{
    [Fact]
    public async Task An_answer_that_is_cut_anywhere_goes_on_as_it_would_have()
    {
        var (same, agree, cuts) = (0, 0, 0);
        foreach (var question in new[] { Starter.Question, "How do I check pump-3 that runs hot?", "Explain what to do when valve-9 leaks." })
        {
            var whole = await shared.Engine.AnswerAsync(Starter.Ask(question));
            var prompt = PromptOf(question);
            var said = "";
            for (var i = 0; i < whole.Tokens.Count - 1; i++)
            {
                said += whole.Updates[i].Text;
                if (!whole.Text.StartsWith(said, StringComparison.Ordinal) || said.Length == 0)
                    continue;
                cuts++;
                var request = Starter.Ask(question, 64 - i - 1) with { Continuation = said };
                var rest = await shared.Engine.AnswerAsync(request);
                var equal = said + rest.Text == whole.Text;
                same += equal ? 1 : 0;

                // Where the seam is tokenised as it was generated, the model sees the very same tokens.
                if (!shared.Engine.Tokenize(said).SequenceEqual(whole.Tokens.Take(i + 1)))
                    continue;
                agree++;
                Assert.True(equal, $"After '{said}' came '{rest.Text}', not '{whole.Text[said.Length..]}'.");
                Assert.Equal(prompt + i + 1, rest.Completion.PromptTokens);
            }
        }

        output.WriteLine($"{cuts} cuts; {agree} with the same tokens at the seam; {same} with the same text.");
        Assert.True(agree > cuts / 2, $"Only {agree} of {cuts} cuts had the same tokens.");
    }

    private int PromptOf(string question) => shared.Engine.CountTokens([new("user", question)]);
}
