using System.Text.Json;
using System.Text.Json.Serialization;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Engines.LlamaCpp;

[Collection("llama.cpp")]
public sealed class FormatTests(SharedEngine shared)
{
    private const string Schema = """{"type":"object","properties":{"machine":{"enum":["fan","pump","press"]},"level":{"type":"integer","minimum":1,"maximum":5},"note":{"type":"string","maxLength":40},"steps":{"type":"array","items":{"type":"string","maxLength":20},"minItems":1,"maxItems":3}},"required":["machine","level","steps"],"additionalProperties":false}""";

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 21)]; // 0: greedy

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task An_answer_keeps_its_schema_whatever_is_drawn(int seed)
    {
        var answer = await shared.Engine.AnswerAsync(Ask(new JsonSchemaOutput(Schema), seed == 0 ? null : seed));
        Assert.Equal(DecodeFinish.Stop, answer.Completion.Finish);
        using var document = JsonDocument.Parse(answer.Text);
        var root = document.RootElement;
        Assert.Contains(root.GetProperty("machine").GetString(), new[] { "fan", "pump", "press" });
        Assert.InRange(root.GetProperty("level").GetInt32(), 1, 5);
        Assert.InRange(root.GetProperty("steps").GetArrayLength(), 1, 3);
        Assert.All(root.GetProperty("steps").EnumerateArray(), step => Assert.True(step.GetString()!.EnumerateRunes().Count() <= 20));
        Assert.True(!root.TryGetProperty("note", out var note) || note.GetString()!.EnumerateRunes().Count() <= 40);
        Assert.InRange(root.EnumerateObject().Count(), 3, 4);
    }

    [Fact]
    public async Task Json_mode_gives_an_object_or_the_beginning_of_one()
    {
        var answer = await shared.Engine.AnswerAsync(Ask(new JsonOutput(), seed: 3) with { MaxTokens = 200 });
        Assert.StartsWith("{", answer.Text, StringComparison.Ordinal);
        if (answer.Completion.Finish == DecodeFinish.Stop)
            Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(answer.Text).RootElement.ValueKind);
        else
            Assert.Equal(200, answer.Completion.OutputTokens);
    }

    [Fact]
    public async Task An_answer_that_is_cut_by_its_length_says_so()
    {
        var answer = await shared.Engine.AnswerAsync(Ask(new JsonSchemaOutput(Schema), seed: null) with { MaxTokens = 3 });
        Assert.Equal(DecodeFinish.Length, answer.Completion.Finish);
        Assert.ThrowsAny<JsonException>(() => JsonDocument.Parse(answer.Text).RootElement);
    }

    [Fact]
    public async Task A_grammar_is_kept_with_drafts_as_without()
    {
        const string Lines = "root ::= (\"- \" [a-z]{3} \" \" [0-9] \"\\n\"){6}";
        await using var plain = await LlamaEngine.LoadAsync(new() { ModelPath = Starter.Cloud, Threads = 1, Speculation = false });
        // Whether drafts pay is measured: by this clock they always do.
        await using var drafting = await LlamaEngine.LoadAsync(new() { ModelPath = Starter.Cloud, DraftModelPath = Starter.Edge, Threads = 1 }, new TickingTimeProvider());
        var request = Ask(new GrammarOutput(Lines), seed: null);
        var (without, with) = (await plain.AnswerAsync(request), await drafting.AnswerAsync(request));
        Assert.Matches("^(- [a-z]{3} [0-9]\n){6}$", without.Text);
        Assert.Equal(without.Text, with.Text);
        Assert.True(with.Completion.DraftedTokens > 0, "Nothing was drafted.");
    }

    [Theory]
    [InlineData("{\"machine\": \"pu")]
    [InlineData("{ \"machine\":\"fan\", \"level\": 4, \"steps\": [\"stop")]
    [InlineData("{\"machine\":\"fan\",\"level\":4,\"steps\":[\"stop\"]}")]
    public async Task An_answer_goes_on_in_its_format_from_what_was_delivered(string continuation)
    {
        var answer = await shared.Engine.AnswerAsync(Ask(new JsonSchemaOutput(Schema), seed: 5) with { Continuation = continuation });
        Assert.Equal(DecodeFinish.Stop, answer.Completion.Finish);
        using var document = JsonDocument.Parse(continuation + answer.Text);
        Assert.InRange(document.RootElement.GetProperty("level").GetInt32(), 1, 5);
    }

    [Fact]
    public async Task A_standby_goes_on_in_the_format_of_a_target_that_failed_and_one_that_keeps_none_is_not_asked()
    {
        var free = new ScriptedTarget("free", "Well, it depends.");
        var first = new ScriptedTarget("first", "{\"mach", "ine\": \"pre", "ss\", \"lev") { FailAfter = 3 };
        first.Descriptor = first.Descriptor with { Capabilities = first.Descriptor.Capabilities | TargetCapabilities.Json, Quality = 1 };
        using var client = new HybridChatClient([free, first, shared.Engine]);
        var options = new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonElement.Parse(Schema)), MaxOutputTokens = 400 };
        var response = await client.GetResponseAsync("What are the steps when fan-12 vibrates?", options, TestContext.Current.CancellationToken);
        Assert.Empty(free.Received);
        Assert.Single(first.Received);
        using var document = JsonDocument.Parse(response.Text);
        Assert.Equal("press", document.RootElement.GetProperty("machine").GetString());
        Assert.InRange(document.RootElement.GetProperty("level").GetInt32(), 1, 5);
    }

    [Fact]
    public async Task Delivered_text_that_does_not_keep_the_format_is_refused()
    {
        var error = await Assert.ThrowsAsync<HybridException>(() => shared.Engine.AnswerAsync(Ask(new JsonSchemaOutput(Schema), seed: null) with { Continuation = "Well, " }));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
        Assert.Contains("continuation", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_format_that_cannot_be_kept_is_refused()
    {
        DecodeRequest[] refused =
        [
            Ask(new JsonSchemaOutput("""{"not":{}}"""), seed: null),
            Ask(new GrammarOutput("root ::= root"), seed: null),
            Ask(new GrammarOutput("s ::= \"a\""), seed: null),
        ];
        foreach (var request in refused)
        {
            var error = await Assert.ThrowsAsync<HybridException>(() => shared.Engine.AnswerAsync(request));
            Assert.Equal(HybridError.InvalidRequest, error.Error);
            Assert.EndsWith("Nothing was decoded.", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_grammar_that_grows_too_ambiguous_ends_its_own_request_and_no_other()
    {
        var other = shared.Engine.AnswerAsync(Starter.Ask(Starter.Question, 30));
        var error = await Assert.ThrowsAsync<HybridException>(() => shared.Engine.AnswerAsync(Ask(new GrammarOutput("root ::= s\ns ::= \"a\" s \"b\" | \"a\" s \"c\" | \"d\" s"), seed: null)));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
        var grown = await Assert.ThrowsAsync<HybridException>(() => shared.Engine.AnswerAsync(Ask(new GrammarOutput("root ::= s\ns ::= [a-z] s [a-y] | [a-z] s [b-z] | \"!!!!!!!\""), seed: null)));
        Assert.Contains("ambiguous", grown.Message, StringComparison.Ordinal);
        Assert.Equal((await shared.Engine.AnswerAsync(Starter.Ask(Starter.Question, 30))).Text, (await other).Text);
    }

    [Fact]
    public async Task A_typed_answer_is_read_as_its_type()
    {
        // What GetResponseAsync<T> of Microsoft.Extensions.AI asks and reads.
        // Some seeds nest reports until the limit. Without drafts, which follow the clock, one draws the same tokens every time.
        await using var engine = await Starter.LoadAsync(speculation: false);
        using var client = new HybridChatClient([engine]);
        var options = new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema<Report>(), Seed = 4, MaxOutputTokens = 800 };
        var response = await client.GetResponseAsync("What are the steps when fan-12 vibrates?", options, TestContext.Current.CancellationToken);
        var report = JsonSerializer.Deserialize<Report>(response.Text, AIJsonUtilities.DefaultOptions)!;
        Assert.True(Enum.IsDefined(report.Level));
        Assert.NotNull(report.Machine);
    }

    [Fact]
    public async Task A_grammar_reaches_the_engine_from_chat_options()
    {
        using var client = new HybridChatClient([shared.Engine]);
        var response = await client.GetResponseAsync("Is a fan a machine?", new ChatOptions().WithGrammar("root ::= \"yes\" | \"no\""), TestContext.Current.CancellationToken);
        Assert.Contains(response.Text, new[] { "yes", "no" });
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
    }

    private static DecodeRequest Ask(OutputFormat format, long? seed) => new()
    {
        Prompt = new MessagesPrompt([new("user", "What are the steps when fan-12 vibrates? Answer in JSON.")]),
        Sampling = seed is null ? SamplingOptions.Greedy : new SamplingOptions { Temperature = 1, TopK = 0, TopP = 1, MinP = 0, Seed = seed },
        MaxTokens = 600,
        Format = format,
    };

    private sealed record Report(string Machine, Level Level, bool Urgent, DateOnly? Since, Guid Id, Report? Next);

    [JsonConverter(typeof(JsonStringEnumConverter<Level>))]
    private enum Level
    {
        Low,
        High,
    }
}
