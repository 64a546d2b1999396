using System.Text.Json;
using Hybrid.Engines.ChatTemplates;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.ChatTemplates;

/// <summary>Templates of models in wide use give what the jinja2 library gives (see <c>Templates/README.md</c>).</summary>
public sealed class TemplateParityTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 4, 5, 6, TimeSpan.Zero);
    private static readonly string Folder = Find();
    private static readonly JsonElement Cases = Json("cases.json");
    private static readonly JsonElement Expected = Json("expected.json");

    public static TheoryData<string, string> Chats => [.. Expected.GetProperty("templates").EnumerateObject()
        .SelectMany(template => template.Value.EnumerateObject().Select(chat => (template.Name, chat.Name)))];

    public static TheoryData<string> Snippets => [.. Expected.GetProperty("snippets").EnumerateObject().Select(snippet => snippet.Name)];

    [Theory]
    [MemberData(nameof(Chats))]
    public void A_models_template_renders_a_chat(string name, string chat)
    {
        var template = ChatTemplate.Parse(Source(name));
        Check(Expected.GetProperty("templates").GetProperty(name).GetProperty(chat), () => template.Render(Input(Cases.GetProperty(chat))).Text);
    }

    [Theory]
    [MemberData(nameof(Snippets))]
    public void The_language_means_what_it_means_in_Jinja(string source) =>
        Check(Expected.GetProperty("snippets").GetProperty(source), () => ChatTemplate.Parse(source).Render(Input(Cases.GetProperty("plain"))).Text);

    [Fact]
    public void Every_template_here_is_compared() => Assert.Equal(
        Directory.GetFiles(Path.Combine(Folder, "Templates"), "*.jinja").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal),
        Expected.GetProperty("templates").EnumerateObject().Select(template => template.Name).Order(StringComparer.Ordinal));

    internal static string Source(string name) => File.ReadAllText(Path.Combine(Folder, "Templates", name + ".jinja"));

    private static void Check(JsonElement expected, Func<string> render)
    {
        if (expected.ValueKind == JsonValueKind.Null)
            Assert.Throws<HybridException>(render);
        else
            Assert.Equal(expected.GetString(), render());
    }

    private static ChatInput Input(JsonElement chat) => new()
    {
        Messages = [.. chat.GetProperty("messages").EnumerateArray().Select(Message)],
        Tools = chat.TryGetProperty("tools", out var tools) ? [.. tools.EnumerateArray().Select(tool => Tool(tool.GetProperty("function")))] : [],
        AddGenerationPrompt = !chat.TryGetProperty("add_generation_prompt", out var add) || add.GetBoolean(),
        BosToken = "<s>",
        EosToken = "</s>",
        Now = Now,
    };

    private static PromptMessage Message(JsonElement message) => new(message.GetProperty("role").GetString()!, message.GetProperty("content").GetString()!)
    {
        ToolCalls = message.TryGetProperty("tool_calls", out var calls) ? [.. calls.EnumerateArray().Select(Call)] : [],
        ToolCallId = message.TryGetProperty("tool_call_id", out var id) ? id.GetString()! : "",
        ToolName = message.TryGetProperty("name", out var name) ? name.GetString()! : "",
    };

    private static ToolCall Call(JsonElement call) =>
        new(call.GetProperty("id").GetString()!, call.GetProperty("function").GetProperty("name").GetString()!, call.GetProperty("function").GetProperty("arguments").GetRawText());

    private static ToolDefinition Tool(JsonElement function) =>
        new(function.GetProperty("name").GetString()!, function.GetProperty("description").GetString()!, function.GetProperty("parameters"));

    private static JsonElement Json(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, file)));
        return document.RootElement.Clone();
    }

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Hybrid.sln")))
            folder = folder.Parent;
        return Path.Combine(folder!.FullName, "tests", "Runtime.Tests", "Engines", "ChatTemplates");
    }
}
