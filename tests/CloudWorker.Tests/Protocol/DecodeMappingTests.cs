using System.Text.Json;
using Google.Protobuf;
using Hybrid.Protocol;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.Tests.Protocol;

public class DecodeMappingTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static TheoryData<string> Prompts => ["messages", "text", "tokens"];

    [Theory]
    [MemberData(nameof(Prompts))]
    public void A_request_comes_back_as_it_was(string kind)
    {
        Prompt prompt = kind switch
        {
            "messages" => new MessagesPrompt(
            [
                new("system", "be brief"),
                new("user", "hi 🚢"),
                new("assistant", "") { ToolCalls = [new("c1", "read", "{\"id\":1}")] },
                new("tool", "21") { ToolCallId = "c1", ToolName = "read" },
            ]),
            "text" => new TextPrompt("once"),
            _ => new TokensPrompt(new[] { 1, 0, 2047 }),
        };
        var request = new DecodeRequest
        {
            Prompt = prompt,
            Continuation = "so far ",
            ContinuationTokens = new("0a1b", new[] { 5, 0, 131071 }),
            Sampling = new() { Temperature = 0.5f, TopK = 3, TopP = 0.9f, MinP = 0, RepetitionPenalty = 1.1f, FrequencyPenalty = -1, PresencePenalty = 2, PenaltyWindow = 9, Seed = long.MinValue },
            MaxTokens = 12,
            StopSequences = ["\n", "END"],
            Privacy = PrivacyClass.Confidential,
            Priority = RequestPriority.Interactive,
            Deadline = Now + TimeSpan.FromMilliseconds(1500),
            Id = "r1",
        };

        var back = DecodeMapping.FromMessage(DecodeMapping.ToMessage(request, Now), Now);

        Assert.Equal(request with { Prompt = back.Prompt, StopSequences = back.StopSequences, Tools = back.Tools }, back);
        Assert.Equal(request.StopSequences, back.StopSequences);
        Assert.Equal(Flat(request.Prompt), Flat(back.Prompt));
    }

    [Fact]
    public void An_output_format_comes_back_as_it_was()
    {
        foreach (var format in new OutputFormat?[] { null, new JsonOutput(), new JsonSchemaOutput("""{"type":"null"}"""), new JsonSchemaOutput("{}", "thing"), new GrammarOutput("root ::= \"é\"") })
        {
            var request = new DecodeRequest { Prompt = new TextPrompt("x"), Format = format };
            Assert.Equal(format, DecodeMapping.FromMessage(DecodeMapping.ToMessage(request, Now), Now).Format);
        }
    }

    [Fact]
    public void Tools_and_their_choice_come_back_as_they_were()
    {
        using var schema = JsonDocument.Parse("""{"type":"object","properties":{"id":{"enum":["ü",1.50]}}}""");
        foreach (var choice in new[] { ToolChoice.Auto, ToolChoice.None, ToolChoice.Required, ToolChoice.Named("read") })
        {
            var request = new DecodeRequest { Prompt = new MessagesPrompt([new("user", "x")]), Tools = [new("read", "Reads.", schema.RootElement)], ToolChoice = choice };
            var back = DecodeMapping.FromMessage(DecodeMapping.ToMessage(request, Now), Now);
            Assert.Equal(choice, back.ToolChoice);
            Assert.Equal(("read", "Reads.", schema.RootElement.GetRawText()), (back.Tools[0].Name, back.Tools[0].Description, back.Tools[0].Parameters.GetRawText()));
        }
    }

    [Fact]
    public void A_call_comes_back_as_it_was()
    {
        var update = new DecodeUpdate("x", 2, new DecodeCompletion { Finish = DecodeFinish.ToolCalls }) { ToolCall = new("c1", "read", "{\"id\":1}") };
        Assert.Equal(update, DecodeMapping.FromMessage(DecodeMapping.ToMessage(update)));
    }

    [Fact]
    public void Scores_come_back_as_they_were()
    {
        var score = new TokenScore(7, "ü"u8.ToArray(), -0.5f) { Entropy = 0.7f, Margin = 0.1f, Alternatives = [new(8, new byte[] { 0xC3 }, -1)] };
        var back = DecodeMapping.FromMessage(DecodeMapping.ToMessage(new DecodeUpdate("ü", 1) { Scores = [score] })).Scores!.Single();
        Assert.Equal((7, "ü", -0.5f, 0.7f, 0.1f), (back.Token, back.Text, back.LogProbability, back.Entropy, back.Margin));
        Assert.Equal((8, "\uFFFD", -1f), (back.Alternatives[0].Token, back.Alternatives[0].Text, back.Alternatives[0].LogProbability));
        foreach (var asked in (int?[])[null, 0, 5])
            Assert.Equal(asked, DecodeMapping.FromMessage(DecodeMapping.ToMessage(new DecodeRequest { Prompt = new TextPrompt("x"), LogProbabilities = asked }, Now), Now).LogProbabilities);
    }

    [Fact]
    public void Tokens_come_back_as_they_were()
    {
        foreach (TokenIds tokens in (TokenIds[])[default, [0], [131071], [1, 2, 3]])
        {
            var update = new DecodeUpdate("ü", tokens.Count) { Tokens = tokens, Vocabulary = tokens.Count > 0 ? "0a1b" : null, PendingBytes = 2, TokenIndex = tokens.Count > 1 ? 0 : 9 };
            Assert.Equal(update, DecodeMapping.FromMessage(DecodeMapping.ToMessage(update)));
        }

        var none = new DecodeRequest { Prompt = new TextPrompt("x"), ContinuationTokens = new("0a1b", ReadOnlyMemory<int>.Empty) };
        Assert.Equal(none.ContinuationTokens, DecodeMapping.FromMessage(DecodeMapping.ToMessage(none, Now), Now).ContinuationTokens);
    }

    [Fact]
    public void A_worker_and_a_client_that_know_nothing_of_tokens_tell_none()
    {
        var update = DecodeMapping.FromMessage(new GenerateUpdate { Text = "a", TokenCount = 1 });
        Assert.Equal(new DecodeUpdate("a", 1), update);
        Assert.Null(update.TokenIndex);
        Assert.Null(DecodeMapping.FromMessage(new GenerateRequest { Text = "x", Continuation = "y" }, Now).ContinuationTokens);
        Assert.Null(DecodeMapping.FromMessage(new GenerateRequest { Text = "x", Continuation = "y", ContinuationTokens = { 1 } }, Now).ContinuationTokens);
    }

    [Fact]
    public void Tokens_that_contradict_the_rest_are_not_told()
    {
        GenerateUpdate[] lies =
        [
            new() { Text = "a", TokenCount = 2, TokenIds = { 7 }, Vocabulary = "0a1b" },
            new() { Text = "a", TokenCount = 0, TokenIds = { 7 }, Vocabulary = "0a1b" },
            new() { Text = "a", TokenCount = 1, TokenIds = { 7 } },
            new() { Text = "a", TokenCount = 1, TokenIds = { 7 }, Vocabulary = "0a1b", PendingBytes = -1 },
            new() { Text = "a", TokenCount = 1, TokenIds = { 7 }, Vocabulary = "0a1b", TokenIndex = -1 },
        ];
        foreach (var update in lies.Select(DecodeMapping.FromMessage))
            Assert.Equal((0, null, 0, null), (update.Tokens.Count, update.Vocabulary, update.PendingBytes, update.TokenIndex));
    }

    [Fact]
    public void A_vocabulary_goes_over_the_wire_once()
    {
        var (writer, reader) = (new VocabularyOnce(), new VocabularyOnce());
        (string? Vocabulary, bool OnTheWire)[] stream = [(null, false), ("a", true), ("a", false), (null, false), ("a", false), ("b", true), ("b", false), ("a", true)];
        foreach (var (vocabulary, onTheWire) in stream)
        {
            var update = new DecodeUpdate("x", 1) { Tokens = vocabulary is null ? default : [3], Vocabulary = vocabulary };
            var sent = GenerateUpdate.Parser.ParseFrom(writer.Shorten(DecodeMapping.ToMessage(update)).ToByteArray());
            Assert.Equal(onTheWire, sent.Vocabulary.Length > 0);
            Assert.Equal(update, DecodeMapping.FromMessage(reader.Restore(sent)));
        }
    }

    [Fact]
    public void A_request_that_says_nothing_of_sampling_gets_the_defaults()
    {
        var back = DecodeMapping.FromMessage(new GenerateRequest { Text = "x" }, Now);
        Assert.Equal(SamplingOptions.Default, back.Sampling);
        Assert.Equal(PrivacyClass.Internal, back.Privacy);
        Assert.Null(back.MaxTokens);
        Assert.Null(back.Deadline);
    }

    [Fact]
    public void Values_outside_their_range_are_refused_by_name()
    {
        Refused("prompt", new GenerateRequest());
        Refused("max_tokens", new GenerateRequest { Text = "x", MaxTokens = 0 });
        Refused("priority", new GenerateRequest { Text = "x", Priority = "Urgent" });
        Refused("tool_choice", new GenerateRequest { Text = "x", ToolChoice = "some" });
        Refused("'f'", new GenerateRequest { Text = "x", Tools = { new Tool { Name = "f", Parameters = "{" } } });
        Refused("privacy class", new GenerateRequest { Text = "x", PrivacyClass = "Secret" });
        Refused("temperature", new GenerateRequest { Text = "x", Sampling = new() { Temperature = float.NaN } });
        Refused("top_p", new GenerateRequest { Text = "x", Sampling = new() { TopP = 0 } });
        Refused("min_p", new GenerateRequest { Text = "x", Sampling = new() { MinP = 1.5f } });
        Refused("presence_penalty", new GenerateRequest { Text = "x", Sampling = new() { PresencePenalty = 3 } });
    }

    [Fact]
    public void An_update_and_a_state_come_back_as_they_were()
    {
        var update = new DecodeUpdate("é", 2, ScriptedTarget.Completion);
        Assert.Equal(update, DecodeMapping.FromMessage(DecodeMapping.ToMessage(update)));
        Assert.Null(DecodeMapping.FromMessage(DecodeMapping.ToMessage(new DecodeUpdate("a", 1))).Completion);
        foreach (var readiness in Enum.GetValues<TargetReadiness>())
        {
            var state = new TargetState(readiness, "why", 3, 2, 4);
            Assert.Equal(state, DecodeMapping.FromMessage(DecodeMapping.ToMessage(state, "m", "", 0)));
        }
    }

    [Fact]
    public void A_reply_that_lies_is_clamped_or_refused()
    {
        var completion = new Completion { FinishReason = "stop", DecodeMicroseconds = long.MaxValue, PrefillMicroseconds = -1 };
        var update = DecodeMapping.FromMessage(new GenerateUpdate { Completion = completion });
        Assert.Equal(TimeSpan.Zero, update.Completion!.PrefillTime);
        Assert.True(update.Completion.DecodeTime > TimeSpan.FromDays(1000));
        Assert.Throws<GrpcException>(() => DecodeMapping.FromMessage(new GenerateUpdate { Completion = new() { FinishReason = "bored" } }));
        Assert.Equal(TargetReadiness.Unknown, DecodeMapping.FromMessage(new StatusReply { Readiness = (StatusReply.Types.Readiness)77 }).Readiness);
        Assert.True(DecodeMapping.FromMessage(new GenerateRequest { Text = "x", DeadlineMilliseconds = long.MaxValue }, Now).Deadline > Now);
    }

    private static void Refused(string name, GenerateRequest message)
    {
        var exception = Assert.Throws<HybridException>(() => DecodeMapping.FromMessage(message, Now));
        Assert.Equal(HybridError.InvalidRequest, exception.Error);
        Assert.Contains(name, exception.Message, StringComparison.Ordinal);
    }

    private static string Flat(Prompt prompt) => prompt switch
    {
        MessagesPrompt chat => string.Join('|', chat.Messages.Select(turn => $"{turn.Role} {turn.Text} {string.Join(',', turn.ToolCalls)} {turn.ToolCallId} {turn.ToolName}")),
        TokensPrompt tokens => string.Join(',', tokens.Tokens.ToArray()),
        _ => prompt.ToString(),
    };
}
