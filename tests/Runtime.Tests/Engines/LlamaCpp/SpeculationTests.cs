using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.LlamaCpp;

[Collection("llama.cpp")]
public sealed class SpeculationTests
{
    private const string List = "pump-3, fan-12, 417, valve-9, 88, motor-5, 3021, tank-4, 77, crane-2, press-7, 940, pump-3, fan-12";

    [Fact]
    public async Task A_text_that_is_copied_is_drafted_from_the_prompt_and_the_answer_stays_the_same()
    {
        await using var with = await LoadAsync();
        await using var without = await LoadAsync(speculation: false);
        var request = Starter.Ask("Repeat: " + List, 120);
        var (plain, drafted) = (await without.AnswerAsync(request), await with.AnswerAsync(request));
        Assert.Equal(plain.Tokens, drafted.Tokens);
        Assert.Equal(plain.Text, drafted.Text);
        Assert.Equal((0, 0), (plain.Completion.DraftedTokens, plain.Completion.AcceptedTokens));
        Assert.InRange(drafted.Completion.AcceptedTokens, 15, drafted.Completion.DraftedTokens);
    }

    [Fact]
    public async Task A_smaller_model_drafts_and_the_answer_stays_the_same()
    {
        await using var with = await LoadAsync(Starter.Cloud, draft: Starter.Edge);
        await using var without = await LoadAsync(Starter.Cloud, speculation: false);
        var drafted = 0;
        for (var i = 0; i < 6; i++)
        {
            var request = Starter.Ask($"What are the steps when fan-{i} vibrates?", 100);
            var answer = await with.AnswerAsync(request);
            Assert.Equal((await without.AnswerAsync(request)).Tokens, answer.Tokens);
            drafted += answer.Completion.DraftedTokens;
        }

        Assert.True(drafted > 0, "Nothing was drafted.");
    }

    [Fact]
    public async Task A_draft_model_of_another_vocabulary_is_refused()
    {
        using var folder = new TemporaryFolder();
        var other = folder.Path("other.gguf");
        var bytes = await File.ReadAllBytesAsync(Starter.Edge, TestContext.Current.CancellationToken);
        var at = bytes.AsSpan().IndexOf("pump"u8); // some token's text
        bytes[at] = (byte)'q';
        await File.WriteAllBytesAsync(other, bytes, TestContext.Current.CancellationToken);
        var error = await Assert.ThrowsAsync<HybridException>(() => LoadAsync(draft: other));
        Assert.Equal(HybridError.Configuration, error.Error);
    }

    /// <summary>Drafts change how many tokens a step verifies, never which token is drawn: frequencies are compared with those of plain decoding.</summary>
    [Fact]
    public async Task Sampled_answers_keep_their_distribution()
    {
        const int Draws = 400;
        await using var with = await LoadAsync();
        await using var without = await LoadAsync(speculation: false);
        var (plain, drafted, accepted) = (new Dictionary<string, int>(), new Dictionary<string, int>(), 0);
        for (var seed = 0; seed < Draws; seed++)
        {
            // Another seed for each side: the same draws would prove less.
            Count(plain, await without.AnswerAsync(Sampled(seed)));
            var answer = await with.AnswerAsync(Sampled(seed + Draws));
            Count(drafted, answer);
            accepted += answer.Completion.AcceptedTokens;
        }

        Assert.True(accepted > Draws, $"Only {accepted} drafts were accepted.");
        var statistic = plain.Keys.Union(drafted.Keys).Sum(key =>
        {
            var (one, other) = (plain.GetValueOrDefault(key), drafted.GetValueOrDefault(key));
            return Math.Pow(one - other, 2) / (one + other);
        });

        // Two-sample chi-square over the kinds of answers; mean k-1, deviation sqrt(2(k-1)): five deviations are never chance.
        var freedom = plain.Keys.Union(drafted.Keys).Count() - 1;
        Assert.True(freedom >= 3, "The answers hardly differ.");
        Assert.True(statistic < freedom + (5 * Math.Sqrt(2 * freedom)), $"chi-square {statistic:F1} at {freedom} degrees of freedom");
    }

    private static DecodeRequest Sampled(int seed) => new()
    {
        Prompt = new MessagesPrompt([new("user", "Repeat: " + List)]),
        Sampling = new() { Temperature = 5, TopK = 4, TopP = 1, MinP = 0, Seed = seed },
        MaxTokens = 40,
    };

    /// <summary>Kinds of answers: where the text leaves the list, in steps of four characters.</summary>
    private static void Count(Dictionary<string, int> kinds, Answer answer)
    {
        var same = answer.Text.AsSpan().CommonPrefixLength(List);
        var kind = (same / 4).ToString(System.Globalization.CultureInfo.InvariantCulture);
        kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
    }

    private static Task<LlamaEngine> LoadAsync(string? model = null, bool speculation = true, string? draft = null) =>
        LlamaEngine.LoadAsync(new() { ModelPath = model ?? Starter.Edge, Threads = 1, Speculation = speculation, DraftModelPath = draft, PrefixCache = speculation }, new TickingTimeProvider());

    private sealed class TemporaryFolder : IDisposable
    {
        private readonly string _path = Directory.CreateTempSubdirectory("hybrid").FullName;

        public string Path(string name) => System.IO.Path.Combine(_path, name);

        public void Dispose() => Directory.Delete(_path, recursive: true);
    }
}
