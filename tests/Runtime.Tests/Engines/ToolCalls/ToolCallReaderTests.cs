using System.Text.Json;
using Hybrid.Engines.ToolCalls;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.ToolCalls;

public sealed class ToolCallReaderTests
{
    private static readonly ToolDefinition[] Tools = [new("stop", "", Schema()), new("read", "", Schema())];

    /// <summary>Format, answer, what comes of it: text with calls as «number name arguments».</summary>
    public static TheoryData<string, string, string> Answers => new()
    {
        { "tagged", "Just text < with <tool brackets>", "Just text < with <tool brackets>" },
        { "tagged", "Let me see.\n<tool_call>\n{\"name\": \"read\", \"arguments\": {\"id\": 1}}\n</tool_call>", "Let me see.\n«0 read {\"id\": 1}»" },
        { "tagged", "<tool_call>{\"name\":\"stop\",\"arguments\":{}}</tool_call>\n<tool_call>{\"name\":\"read\",\"arguments\":{\"a\":\"</tool_call>\\\"}\"}}</tool_call>", "«0 stop {}»«1 read {\"a\":\"</tool_call>\\\"}\"}»" },
        { "tagged", "<tool_call>{\"name\":\"stop\",\"arguments\":{}}</tool_call>\nDone.", "«0 stop {}»\nDone." },
        { "tagged", "<tool_call>\n{\"name\": \"read\", \"arguments\": {\"id\": 1}}\n", "«0 read {\"id\": 1}»" },
        { "tagged", "<tool_call>\n{\"name\": \"read\"}\n</tool_call>", "«0 read {}»" },
        { "tagged", "<tool_call>{\"name\": \"read\", \"arguments\": \"{\\\"id\\\": 2}\"}</tool_call>", "«0 read {\"id\": 2}»" },
        { "tagged", "<tool_call>{\"name\": \"unknown\", \"arguments\": {}}</tool_call>", "«0 unknown {}»" },
        { "tagged", "<tool_call>{\"name\": \"read\", \"arguments\": {\"id\": 1", "<tool_call>{\"name\": \"read\", \"arguments\": {\"id\": 1" },
        { "tagged", "a <tool_call>not JSON</tool_call> b", "a <tool_call>not JSON</tool_call> b" },
        { "tagged", "<tool_call>{\"name\": read}</tool_call>", "<tool_call>{\"name\": read}</tool_call>" },
        { "tagged", "<tool_call>{\"name\": \"read\", \"arguments\": [1]}</tool_call>", "<tool_call>{\"name\": \"read\", \"arguments\": [1]}</tool_call>" },
        { "tagged", "<tool_call>{\"name\": \"read\", \"arguments\": {}} and more", "<tool_call>{\"name\": \"read\", \"arguments\": {}} and more" },
        { "tagged", "<tool_call>oops<tool_call>{\"name\":\"stop\",\"arguments\":{}}</tool_call>", "<tool_call>oops«0 stop {}»" },
        { "tagged", "{\"name\": \"read\", \"arguments\": {}}", "{\"name\": \"read\", \"arguments\": {}}" },
        { "tagged", "ends with <tool_ca", "ends with <tool_ca" },
        { "mistral", "[TOOL_CALLS] [{\"name\": \"stop\", \"arguments\": {}}, {\"name\": \"read\", \"arguments\": {\"id\": \"]\"}}]", "«0 stop {}»«1 read {\"id\": \"]\"}»" },
        { "mistral", "Hm.[TOOL_CALLS][{\"name\":\"stop\",\"arguments\":{}}]", "Hm.«0 stop {}»" },
        { "mistral", "[TOOL_CALLS] []", "[TOOL_CALLS] []" },
        { "mistral", "[1, 2] [TOOL", "[1, 2] [TOOL" },
        { "llama", "{\"name\": \"read\", \"parameters\": {\"id\": 1}}", "«0 read {\"id\": 1}»" },
        { "llama", "\n<|python_tag|>{\"type\": \"function\", \"name\": \"read\", \"parameters\": {}}; {\"name\": \"stop\", \"parameters\": {}}", "«0 read {}»«1 stop {}»" },
        { "llama", "{\"name\": \"Anna\", \"parameters\": {}}", "{\"name\": \"Anna\", \"parameters\": {}}" },
        { "llama", "{\"temperature\": 21}", "{\"temperature\": 21}" },
        { "llama", "{\"name\": \"read\"} is what you want", "{\"name\": \"read\"} is what you want" },
        { "llama", "Sure: {\"name\": \"read\", \"parameters\": {}}", "Sure: {\"name\": \"read\", \"parameters\": {}}" },
        { "llama", "<|python_tag|>print(1)", "<|python_tag|>print(1)" },
        { "llama", "  plain", "  plain" },
        { "llama", "", "" },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public void An_answer_is_parted_alike_however_it_is_cut(string format, string answer, string expected)
    {
        Assert.Equal(expected, Read(format, [answer]));
        Assert.Equal(expected, Read(format, answer.Select(character => character.ToString())));
        for (var cut = 1; cut < answer.Length; cut++)
            Assert.Equal(expected, Read(format, [answer[..cut], answer[cut..]]));
    }

    [Fact]
    public void Text_leaves_at_once_but_for_what_may_begin_a_marker()
    {
        var reader = Reader("tagged");
        Assert.Equal("Let me", Assert.Single(reader.Append("Let me")).Text);
        Assert.Equal(" see ", Assert.Single(reader.Append(" see <tool")).Text);
        Assert.Equal("<toolbox", Assert.Single(reader.Append("box")).Text);
        Assert.Empty(reader.Append("<tool_call>{\"name\":\"stop\","));
        Assert.Empty(reader.Append("\"arguments\":{}}"));
        Assert.Equal("stop", Assert.Single(reader.Append("</tool_call>")).Call!.Name);
    }

    [Fact]
    public void An_answer_in_JSON_that_is_no_call_does_not_wait_for_its_end()
    {
        var reader = Reader("llama");
        Assert.Empty(reader.Append("{"));
        Assert.Equal("{\"temp", string.Concat(reader.Append("\"temp").Select(part => part.Text)));
    }

    [Fact]
    public void Where_an_answer_goes_on_only_a_marker_opens_a_call()
    {
        var reader = new ToolCallReader(ToolCallFormat.LlamaObject, Tools, (_, _, _) => "", fresh: false);
        Assert.Equal("{\"name\": \"read\", \"parameters\": {}}", Assert.Single(reader.Append("{\"name\": \"read\", \"parameters\": {}}")).Text);
        Assert.Equal("stop", Assert.Single(reader.Append("<|python_tag|>{\"name\": \"stop\", \"parameters\": {}}")).Call!.Name);
    }

    private static string Read(string format, IEnumerable<string> pieces)
    {
        var reader = Reader(format);
        var parts = pieces.SelectMany(reader.Append).ToList();
        parts.AddRange(reader.Flush());
        Assert.Equal(parts.Exists(part => part.Call is not null), reader.HasCalls);
        return string.Concat(parts.Select(part => part.Text + (part.Call is { } call ? $"«{call.Id} {call.Name} {call.Arguments}»" : "")));
    }

    private static ToolCallReader Reader(string format) => new(
        format switch { "tagged" => ToolCallFormat.Tagged, "mistral" => ToolCallFormat.MistralList, _ => ToolCallFormat.LlamaObject },
        Tools,
        (number, _, _) => $"{number}");

    private static JsonElement Schema() => JsonSerializer.SerializeToElement(new { type = "object" });
}
