using Hybrid.Engines.LlamaCpp;
using Hybrid.Models.Gguf;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.LlamaCpp;

/// <summary>An answer goes on from its own tokens as if it had never been cut.</summary>
[Collection("llama.cpp")]
public sealed class TokenContinuationTests(SharedEngine shared)
{
    private const string ManyBytes = "root ::= \"Grüße 👩‍🚀 an Zoë: 5 °C, naïve 日本語\" [a-z ]{16}";
    private static readonly string[] Questions = [Starter.Question, "How do I check pump-3 that runs hot?", "Explain what to do when valve-9 leaks.", "Repeat: pump-3, fan-12, 417, valve-9, 88"];
    private static readonly SamplingOptions Penalised = SamplingOptions.Greedy with { RepetitionPenalty = 1.2f, FrequencyPenalty = 0.4f, PresencePenalty = 0.3f, PenaltyWindow = 24 };
    private static readonly DecodeRequest Free = Starter.Ask("", 40) with { Prompt = new TextPrompt("What") }; // these models are sure of their answers, less of this
    private static readonly SamplingOptions Drawn = new() { Temperature = 0.8f, Seed = 7 };

    /// <summary>Nothing of the first answer is there to be reused, as on another machine; these answers have no tie that a prefill could break otherwise.</summary>
    [Theory]
    [InlineData("edge")]
    [InlineData("cloud")]
    public async Task A_greedy_answer_goes_on_with_the_very_tokens_wherever_it_is_cut(string name)
    {
        var path = name == "edge" ? Starter.Edge : Starter.Cloud;
        await using var engine = await LlamaEngine.LoadAsync(new() { ModelPath = path, Threads = 1, PrefixCache = false });
        var inWords = 0;
        foreach (var question in Questions)
        {
            var (whole, cuts) = await CutEverywhereAsync(engine, Starter.Ask(question, 48));
            Assert.All(whole.Updates.SkipLast(1), update => Assert.Equal(GgufFile.Open(path).VocabularyFingerprint, update.Vocabulary));
            Assert.Equal(Math.Min(whole.Tokens.Count, 47), cuts.Count); // ASCII that nothing stops: behind each token but the 48th
            inWords += cuts.Count(cut => cut.Length < whole.Text.Length && char.IsLetter(cut[^1]) && char.IsLetter(whole.Text[cut.Length]));
        }

        Assert.True(inWords > 0, "No cut was inside a word.");
    }

    [Fact]
    public async Task Characters_of_many_bytes_are_no_place_to_cut_and_what_stands_between_them_is()
    {
        await using var engine = await LoadAsync();
        var request = Starter.Ask(Starter.Question, 120) with { Format = new GrammarOutput(ManyBytes) };
        var (whole, cuts) = await CutEverywhereAsync(engine, request);
        Assert.StartsWith("Grüße 👩‍🚀 an Zoë: 5 °C, naïve 日本語", whole.Text, StringComparison.Ordinal);
        Assert.True(cuts.Count < whole.Tokens.Count - 10, $"{cuts.Count} cuts and {whole.Tokens.Count} tokens");
        Assert.True(cuts.Count > 30, $"Only {cuts.Count} cuts.");
    }

    [Fact]
    public async Task Penalties_count_what_was_said_before_the_cut()
    {
        await using var engine = await LoadAsync();
        var (whole, _) = await CutEverywhereAsync(engine, Free with { Sampling = Penalised });
        var cut = Free with { Sampling = Penalised, Continuation = whole.Text[..1], MaxTokens = 20 };
        Assert.NotEqual((await engine.AnswerAsync(Free)).Tokens, whole.Tokens);
        Assert.NotEqual((await engine.AnswerAsync(cut with { Sampling = SamplingOptions.Greedy })).Text, (await engine.AnswerAsync(cut)).Text);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("root ::= [a-g ]{40}")] // most tokens are drawn a second time
    public async Task A_seeds_draws_go_on_behind_the_cut(string? grammar)
    {
        await using var engine = await LoadAsync();
        var request = Free with { Sampling = Drawn, Format = grammar is null ? null : new GrammarOutput(grammar) };
        var (whole, _) = await CutEverywhereAsync(engine, request);
        Assert.NotEqual((await engine.AnswerAsync(request with { Sampling = Drawn with { Seed = 8 } })).Tokens, whole.Tokens);
    }

    [Fact]
    public async Task What_may_begin_a_stop_string_is_no_place_to_cut()
    {
        var plain = (await shared.Engine.AnswerAsync(Starter.Ask(Starter.Question, 48))).Text;
        var request = Starter.Ask(Starter.Question, 48) with { StopSequences = [plain[10..14] + "\u0001", plain[30..40]] };
        var (whole, cuts) = await CutEverywhereAsync(shared.Engine, request);
        Assert.Equal(plain[..30], whole.Text);
        Assert.InRange(whole.Updates.Count(update => update.PendingBytes > 0), 2, whole.Updates.Count - cuts.Count);
        Assert.True(whole.Updates[^1].PendingBytes > 0, "The stop string is in no text.");
    }

    [Fact]
    public async Task Any_prompt_goes_on_from_tokens()
    {
        var tokens = shared.Engine.Tokenize("The pump is");
        foreach (var prompt in (Prompt[])[new TextPrompt("The pump is"), new TokensPrompt(tokens.ToArray())])
            await CutEverywhereAsync(shared.Engine, Starter.Ask("", 12) with { Prompt = prompt });
    }

    [Fact]
    public async Task Tokens_that_say_something_else_or_are_of_another_vocabulary_give_way_to_the_text()
    {
        var whole = await shared.Engine.AnswerAsync(Starter.Ask(Starter.Question));
        var (ids, vocabulary) = (whole.Tokens.Take(6).ToArray(), whole.Updates[0].Vocabulary!);
        var byText = Starter.Ask(Starter.Question, 20) with { Continuation = shared.Engine.Detokenize(ids)[..^1] };
        var expected = await shared.Engine.AnswerAsync(byText);
        ContinuationTokens[] others =
        [
            new(vocabulary, ids), // a character more
            new(vocabulary, ids.AsMemory(0, 5)),
            new(vocabulary, ReadOnlyMemory<int>.Empty),
            new(vocabulary + "0", ids),
            new("", new[] { int.MaxValue }),
        ];
        foreach (var other in others)
        {
            var answer = await shared.Engine.AnswerAsync(byText with { ContinuationTokens = other });
            Assert.Equal((expected.Text, expected.Completion.PromptTokens), (answer.Text, answer.Completion.PromptTokens));
        }
    }

    [Fact]
    public async Task Tokens_without_a_text_are_kept_but_for_one_that_ends_an_answer()
    {
        using var model = await LlamaModel.LoadAsync(Starter.Edge, 0, null, TestContext.Current.CancellationToken);
        var silent = Enumerable.Range(0, model.VocabularySize).Where(token => model.Piece(token, new byte[64]).IsEmpty).ToLookup(model.IsEndOfGeneration);
        var request = Starter.Ask(Starter.Question, 4) with { Continuation = "Here" };
        async Task<int> SeenAsync(params int[] after)
        {
            int[] tokens = [.. shared.Engine.Tokenize("Here"), .. after];
            return (await shared.Engine.AnswerAsync(request with { ContinuationTokens = new(model.File.VocabularyFingerprint!, tokens) })).Completion.PromptTokens;
        }

        var known = await SeenAsync();
        Assert.Equal(known + 1, await SeenAsync(silent[false].First()));
        Assert.Equal(known, await SeenAsync(silent[true].First()));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1 << 20)]
    public async Task A_token_that_its_vocabulary_does_not_have_is_refused(int token)
    {
        var vocabulary = GgufFile.Open(Starter.Edge).VocabularyFingerprint!;
        var request = Starter.Ask(Starter.Question) with { Continuation = "x", ContinuationTokens = new(vocabulary, new[] { token }) };
        var error = await Assert.ThrowsAsync<HybridException>(() => shared.Engine.AnswerAsync(request));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
        Assert.Contains($"Token {token} is not in the vocabulary", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Asks once, then anew behind every token where no byte is pending; the rest must be the very same tokens and text.</summary>
    /// <returns>The whole answer, and the texts that it was cut behind.</returns>
    private static async Task<(Answer Whole, List<string> Cuts)> CutEverywhereAsync(LlamaEngine engine, DecodeRequest request)
    {
        var whole = await engine.AnswerAsync(request);
        var ids = whole.Updates.SelectMany(update => (IEnumerable<int>)update.Tokens).ToArray();
        Assert.Equal(whole.Tokens, ids);
        Assert.Equal(Enumerable.Range(0, whole.Updates.Count), whole.Updates.Select(update => update.TokenIndex!.Value));
        var (cuts, said) = (new List<string>(), "");
        for (var i = 0; i < ids.Length; i++)
        {
            said += whole.Updates[i].Text;
            if (whole.Updates[i].PendingBytes > 0 || i + 1 == request.MaxTokens)
                continue;
            cuts.Add(said);
            var cut = request with { Continuation = said, ContinuationTokens = new(whole.Updates[i].Vocabulary!, ids.AsMemory(0, i + 1)), MaxTokens = request.MaxTokens - i - 1 };
            var rest = await engine.AnswerAsync(cut);
            Assert.Equal(ids[(i + 1)..], rest.Tokens);
            Assert.Equal(whole.Text[said.Length..], rest.Text);
            Assert.Equal((whole.Completion.Finish, whole.Completion.PromptTokens + i + 1), (rest.Completion.Finish, rest.Completion.PromptTokens));
        }

        return (whole, cuts);
    }

    /// <summary>Steps of one token only, over the cells of the first answer: the same logits to the last bit, which rare tokens and draws need.</summary>
    private static Task<LlamaEngine> LoadAsync() => LlamaEngine.LoadAsync(new() { ModelPath = Starter.Edge, Threads = 1, Speculation = false });
}
