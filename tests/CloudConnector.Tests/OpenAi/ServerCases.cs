using Hybrid.CloudConnector.OpenAi;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Tests.OpenAi;

/// <summary>What every real server must do behind our client, asked of one server after the other.</summary>
internal static class ServerCases
{
    public const TargetCapabilities All = TargetCapabilities.Chat | TargetCapabilities.Text | TargetCapabilities.Tokens | TargetCapabilities.Json | TargetCapabilities.Grammar | TargetCapabilities.LogProbabilities | TargetCapabilities.Tools;

    private static readonly string[] Prompts = ["What does Ada keep in the harbour?", "Convert 2.5 bar to kPa."];

    public static OpenAiTargetOptions Options(Uri endpoint, string model) => new()
    {
        Endpoint = endpoint,
        ConnectTimeout = TimeSpan.FromMinutes(1), // a busy machine is not what is tested
        Continuation = ContinuationMode.None,
        Descriptor = new() { Name = "server", Model = model, Zone = Zone.Device, Capabilities = All },
    };

    public static DecodeRequest Ask(int prompt = 0, int tokens = 24) => new()
    {
        Prompt = new MessagesPrompt([new("user", Prompts[prompt])]),
        Sampling = SamplingOptions.Greedy,
        MaxTokens = tokens,
    };

    public static async Task<List<DecodeUpdate>> CollectAsync(ITarget target, DecodeRequest request)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        var updates = new List<DecodeUpdate>();
        await foreach (var update in target.GenerateAsync(request, limit.Token))
            updates.Add(update);
        Assert.NotNull(updates[^1].Completion);
        Assert.All(updates[..^1], update => Assert.Null(update.Completion));
        Assert.Equal(updates[^1].Completion!.OutputTokens, updates.Sum(update => update.TokenCount));
        return updates;
    }

    public static string Text(IEnumerable<DecodeUpdate> updates) => string.Concat(updates.Select(update => update.Text));

    /// <summary>Streamed piece by piece, with the server's own counts and finish.</summary>
    public static async Task StreamsAsync(OpenAiTargetOptions options)
    {
        await using var target = new OpenAiTarget(options);
        var cut = await CollectAsync(target, Ask(tokens: 5));
        Assert.True(cut.Count >= 4);
        var completion = cut[^1].Completion!;
        Assert.Equal((DecodeFinish.Length, 5), (completion.Finish, completion.OutputTokens));
        Assert.InRange(completion.PromptTokens, 10, 60);
        var whole = await CollectAsync(target, Ask(tokens: 100));
        Assert.Equal(DecodeFinish.Stop, whole[^1].Completion!.Finish);
        Assert.StartsWith(Text(cut), Text(whole), StringComparison.Ordinal);
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
    }

    /// <summary>Cut after every piece and continued, the answer is the unbroken one.</summary>
    public static async Task ContinuesAsync(OpenAiTargetOptions options)
    {
        await using var target = new OpenAiTarget(options);
        Assert.Equal(options.Continuation != ContinuationMode.Prefill, target.Descriptor.Capabilities.HasFlag(TargetCapabilities.Continuation));
        Assert.Equal(options.Continuation, await target.ProbeContinuationAsync());
        Assert.True(target.Descriptor.Capabilities.HasFlag(TargetCapabilities.Continuation));
        var broken = new List<string>();
        for (var prompt = 0; prompt < Prompts.Length; prompt++)
        {
            var whole = await CollectAsync(target, Ask(prompt));
            var said = "";
            foreach (var update in whole[..^1])
            {
                said += update.Text;
                var more = await CollectAsync(target, Ask(prompt) with { Continuation = said });
                if (!(said + Text(more)).StartsWith(Text(whole), StringComparison.Ordinal))
                    broken.Add($"'{said}' + '{Text(more)}'");
            }
        }

        Assert.True(broken.Count == 0, string.Join('\n', broken));
    }

    /// <summary>Scores, one for each token, with alternatives in falling order.</summary>
    public static async Task ScoresAsync(OpenAiTargetOptions options)
    {
        await using var target = new OpenAiTarget(options);
        var updates = await CollectAsync(target, Ask(tokens: 6) with { LogProbabilities = 3 });
        var scores = updates.SelectMany(update => update.Scores ?? []).ToArray();
        Assert.Equal(6, scores.Length);
        Assert.Equal(Text(updates), string.Concat(scores.Select(score => score.Text)));
        Assert.All(scores, score =>
        {
            Assert.Equal(3, score.Alternatives.Count);
            Assert.Equal(score.LogProbability, score.Alternatives[0].LogProbability, 0.001);
            Assert.InRange(score.Margin, 0, 1);
        });
    }

    /// <summary>JSON with and without a schema, and a grammar.</summary>
    public static async Task KeepsFormatsAsync(OpenAiTargetOptions options)
    {
        const string Schema = """{"type":"object","properties":{"keeper":{"type":"string","maxLength":12},"kind":{"enum":["boat","bird"]}},"required":["keeper","kind"],"additionalProperties":false}""";
        await using var target = new OpenAiTarget(options);
        var schema = Text(await CollectAsync(target, Ask(tokens: 120) with { Format = new JsonSchemaOutput(Schema, "thing") }));
        using (var document = System.Text.Json.JsonDocument.Parse(schema))
            Assert.Contains(document.RootElement.GetProperty("kind").GetString(), new[] { "boat", "bird" });
        Assert.StartsWith("{", Text(await CollectAsync(target, Ask(tokens: 20) with { Format = new JsonOutput() })).TrimStart(), StringComparison.Ordinal);
        Assert.Matches("^the [a-z]{4}$", Text(await CollectAsync(target, Ask() with { Format = new GrammarOutput("root ::= \"the \" [a-z]{4}") })));
    }

    /// <summary>Stop strings, a text prompt, a seed, and errors.</summary>
    public static async Task TakesOptionsAsync(OpenAiTargetOptions options)
    {
        await using var target = new OpenAiTarget(options);
        var whole = Text(await CollectAsync(target, Ask()));
        var stop = whole.Split(' ')[2];
        var stopped = await CollectAsync(target, Ask() with { StopSequences = [stop] });
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], Text(stopped));
        Assert.Equal(DecodeFinish.Stop, stopped[^1].Completion!.Finish);

        var text = new DecodeRequest { Prompt = new TextPrompt("The ship "), Sampling = SamplingOptions.Greedy, MaxTokens = 8 };
        var completed = await CollectAsync(target, text);
        Assert.NotEqual("", Text(completed));
        Assert.Equal(Text(completed), Text(completed[..1]) + Text(await CollectAsync(target, text with { Continuation = completed[0].Text })));

        var drawn = Ask() with { Sampling = new() { Temperature = 1.5f, Seed = 7 } };
        Assert.Equal(Text(await CollectAsync(target, drawn)), Text(await CollectAsync(target, drawn)));

        var fault = await Assert.ThrowsAsync<HybridException>(() => CollectAsync(target, Ask() with { Prompt = new MessagesPrompt([new("user", string.Concat(Enumerable.Repeat("the ship left ", 900)))]) }));
        Assert.Equal(HybridError.ContextExceeded, fault.Error);
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
    }

    /// <summary>Found out by itself, in the background of the first answer.</summary>
    public static async Task FindsOutAsync(OpenAiTargetOptions options, ContinuationMode expected)
    {
        await using var target = new OpenAiTarget(options with { Continuation = ContinuationMode.Auto });
        Assert.False(target.Descriptor.Capabilities.HasFlag(TargetCapabilities.Continuation));
        await CollectAsync(target, Ask(tokens: 3));
        await target.Checking;
        Assert.True(target.Descriptor.Capabilities.HasFlag(TargetCapabilities.Continuation));
        Assert.Equal(expected, await target.ProbeContinuationAsync());
        var whole = await CollectAsync(target, Ask());
        Assert.Equal(Text(whole[4..]), Text(await CollectAsync(target, Ask() with { Continuation = Text(whole[..4]) })));
    }
}
