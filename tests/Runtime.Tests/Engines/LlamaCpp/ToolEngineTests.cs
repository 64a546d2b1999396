using System.Text;
using System.Text.Json;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;
using Hybrid.Tests.Engines.ChatTemplates;

namespace Hybrid.Tests.Engines.LlamaCpp;

/// <summary>The edge model with the chat templates of others.</summary>
[Collection("llama.cpp")]
public sealed class ToolEngineTests : IDisposable
{
    private static readonly ToolDefinition Tool = new("read_sensor", "Reads.", Schema());
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_template_with_tools_makes_a_target_with_tools()
    {
        await using var engine = await LoadAsync(TemplateParityTests.Source("Qwen-Qwen2.5-7B-Instruct"));
        Assert.True(engine.Descriptor.Capabilities.HasFlag(TargetCapabilities.Chat | TargetCapabilities.Tools));
        var plain = await engine.AnswerAsync(Starter.Ask(Starter.Question, maxTokens: 24));
        var offered = await engine.AnswerAsync(Starter.Ask(Starter.Question, maxTokens: 24) with { Tools = [Tool] });
        var hidden = await engine.AnswerAsync(Starter.Ask(Starter.Question, maxTokens: 24) with { Tools = [Tool], ToolChoice = ToolChoice.None });
        Assert.True(offered.Completion.PromptTokens > plain.Completion.PromptTokens + 100, $"{offered.Completion.PromptTokens} and {plain.Completion.PromptTokens} tokens");
        Assert.Equal(plain.Completion.PromptTokens, hidden.Completion.PromptTokens);
        Assert.Equal(plain.Tokens, hidden.Tokens);

        // This model has never seen a call, so that all it says is text, and all of it comes.
        Assert.Equal(engine.Detokenize(offered.Tokens), offered.Text);
        Assert.Equal(offered.Completion.OutputTokens, offered.Updates.Sum(update => update.TokenCount));

        // It goes on from its tokens as an answer without tools does.
        var cut = offered.Updates.Take(8).ToArray();
        Assert.Equal(0, cut[^1].PendingBytes);
        var rest = await engine.AnswerAsync(Starter.Ask(Starter.Question, maxTokens: 16) with
        {
            Tools = [Tool],
            Continuation = string.Concat(cut.Select(update => update.Text)),
            ContinuationTokens = new(cut[0].Vocabulary!, offered.Tokens.Take(8).ToArray()),
        });
        Assert.Equal(offered.Tokens.Skip(8), rest.Tokens);
    }

    [Fact]
    public async Task A_template_without_tools_refuses_them()
    {
        await using var engine = await Starter.LoadAsync();
        Assert.False(engine.Descriptor.Capabilities.HasFlag(TargetCapabilities.Tools));
        await Refuses(engine, Starter.Ask("x") with { Tools = [Tool] }, "shows none");
    }

    [Fact]
    public async Task Tools_that_break_a_rule_are_refused()
    {
        await using var engine = await LoadAsync(TemplateParityTests.Source("Qwen-Qwen2.5-7B-Instruct"));
        await Refuses(engine, Starter.Ask("x") with { Tools = [Tool, Tool] }, "two tools");
        await Refuses(engine, Starter.Ask("x") with { Tools = [Tool with { Name = "read sensor" }] }, "'read sensor'");
        await Refuses(engine, Starter.Ask("x") with { Tools = [Tool with { Parameters = default }] }, "JSON schema");
        await Refuses(engine, Starter.Ask("x") with { Tools = [Tool], Prompt = new TextPrompt("x") }, "messages");
        await Refuses(engine, Starter.Ask("x") with { ToolChoice = ToolChoice.Required }, "no tools");
        await Refuses(engine, Starter.Ask("x") with { Tools = [Tool], ToolChoice = ToolChoice.Named("stop") }, "'stop'");
    }

    [Theory]
    [InlineData("Qwen-Qwen2.5-7B-Instruct", true)]
    [InlineData("meta-llama-Llama-3.1-8B-Instruct", false)]
    public async Task A_call_that_is_required_comes_whole_and_keeps_its_schema(string template, bool hasRoom)
    {
        await using var engine = await LoadAsync(TemplateParityTests.Source(template));
        var level = new ToolDefinition("set_level", "Sets.", JsonElement.Parse("""{"properties":{"level":{"type":"integer","minimum":1,"maximum":5},"unit":{"$ref":"#/$defs/u"}},"required":["level","unit"],"$defs":{"u":{"enum":["m","cm"]}}}"""));
        for (var seed = 1; seed <= 6; seed++)
        {
            var request = Starter.Ask("x", maxTokens: 100) with
            {
                Tools = hasRoom ? [Tool with { Parameters = Bounded }, level] : [level],
                ToolChoice = seed % 2 == 0 ? ToolChoice.Required : ToolChoice.Named("set_level"),
                Sampling = new() { Temperature = 1, TopK = 0, TopP = 1, MinP = 0, Seed = seed },
            };
            var answer = await engine.AnswerAsync(request);
            var call = Assert.Single(answer.Updates, update => update.ToolCall is not null).ToolCall!;
            using var arguments = JsonDocument.Parse(call.Arguments);
            Assert.Equal(("", DecodeFinish.ToolCalls), (answer.Text, answer.Completion.Finish));
            if (call.Name == "set_level")
                Assert.True(arguments.RootElement.GetProperty("level").GetInt32() is >= 1 and <= 5 && arguments.RootElement.GetProperty("unit").GetString() is "m" or "cm");
            else
                Assert.Equal((0, "read_sensor", JsonValueKind.String), (seed % 2, call.Name, arguments.RootElement.GetProperty("id").ValueKind));
        }
    }

    [Fact]
    public async Task A_call_that_cannot_be_kept_to_its_schema_is_not_forced()
    {
        await using var engine = await LoadAsync(TemplateParityTests.Source("Qwen-Qwen2.5-7B-Instruct"));
        var odd = Tool with { Parameters = JsonElement.Parse("""{"type":"object","properties":{"id":{"not":{}}}}""") };
        await Refuses(engine, Starter.Ask("x") with { Tools = [odd], ToolChoice = ToolChoice.Required }, "tools.read_sensor.properties.id.not");
        await Refuses(engine, Starter.Ask("x") with { Tools = [Tool], Format = new JsonOutput() }, "tools and an output format");
    }

    [Fact]
    public async Task A_template_that_is_not_understood_leaves_text_prompts()
    {
        await using var engine = await LoadAsync("{% include 'x' %}");
        Assert.Equal(TargetCapabilities.None, engine.Descriptor.Capabilities & (TargetCapabilities.Chat | TargetCapabilities.Tools));
        await Refuses(engine, Starter.Ask("x"), "'include'");
        Assert.NotEmpty((await engine.AnswerAsync(Starter.Ask("x", 4) with { Prompt = new TextPrompt("The pump") })).Tokens);
    }

    [Fact]
    public async Task A_file_without_a_template_leaves_text_prompts()
    {
        await using var engine = await LoadAsync(null);
        await Refuses(engine, Starter.Ask("x"), "no chat template");
    }

    [Fact]
    public async Task A_template_without_a_system_turn_puts_its_words_before_the_users()
    {
        await using var engine = await LoadAsync(TemplateParityTests.Source("google-gemma-2-2b-it"));
        PromptMessage[] chat = [new("user", "Be brief.\n\nHow hot?"), new("assistant", "21 C."), new("user", "And now?")];
        PromptMessage[] instructed = [new("system", "Be brief."), new("user", "How hot?"), .. chat[1..]];
        Assert.Equal(engine.CountTokens(chat), engine.CountTokens(instructed));
        var (plain, folded) = (Starter.Ask("x", 16) with { Prompt = new MessagesPrompt(chat) }, Starter.Ask("x", 16) with { Prompt = new MessagesPrompt(instructed) });
        Assert.Equal((await engine.AnswerAsync(plain)).Tokens, (await engine.AnswerAsync(folded)).Tokens);
    }

    [Fact]
    public async Task A_marker_that_is_a_control_token_is_shown_where_calls_are_read()
    {
        var file = GgufTemplate.Set(await File.ReadAllBytesAsync(Starter.Edge), TemplateParityTests.Source("mistralai-Mistral-Nemo-Instruct-2407"));
        var path = await WriteAsync(GgufBytes.Replace(file, "<|im_start|>", "[TOOL_CALLS]"));
        using var model = await LlamaModel.LoadAsync(path, 0, null, TestContext.Current.CancellationToken);
        var marker = Assert.Single(model.ToolMarkers);
        Assert.Equal("[TOOL_CALLS]", Encoding.UTF8.GetString(model.Piece(marker, new byte[64], special: true)));
        Assert.True(model.Piece(marker, new byte[64]).IsEmpty);

        await using var engine = await LlamaEngine.LoadAsync(new() { ModelPath = path, Threads = 1, Speculation = false });
        var forced = await engine.AnswerAsync(Starter.Ask("x", maxTokens: 300) with { Tools = [Tool with { Parameters = Bounded }], ToolChoice = ToolChoice.Required, Sampling = new() { Temperature = 1, Seed = 2 } });
        Assert.Equal(("", "read_sensor"), (forced.Text, Assert.Single(forced.Updates, update => update.ToolCall is not null).ToolCall!.Name));
    }

    private static async Task Refuses(LlamaEngine engine, DecodeRequest request, string reason)
    {
        var error = await Assert.ThrowsAsync<HybridException>(() => engine.AnswerAsync(request));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    private static JsonElement Bounded { get; } = JsonElement.Parse("""{"type":"object","properties":{"id":{"type":"string","maxLength":20}},"required":["id"]}""");

    private static JsonElement Schema() => JsonSerializer.SerializeToElement(new { type = "object", properties = new { id = new { type = "string" } }, required = new[] { "id" } });

    /// <summary>Without drafts, which follow the clock, a seed draws the same tokens every time.</summary>
    private async Task<LlamaEngine> LoadAsync(string? template) =>
        await LlamaEngine.LoadAsync(new() { ModelPath = await WriteAsync(GgufTemplate.Set(await File.ReadAllBytesAsync(Starter.Edge), template)), Threads = 1, Speculation = false });

    private async Task<string> WriteAsync(byte[] file)
    {
        var path = Path.Combine(_folder, "model.gguf");
        await File.WriteAllBytesAsync(path, file);
        return path;
    }
}
