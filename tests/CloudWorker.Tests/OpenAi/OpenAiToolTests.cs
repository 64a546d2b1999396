using System.Net;
using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.Tests.OpenAi;

public class OpenAiToolTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Tools = "\"tools\":" + """[{"type":"function","function":{"name":"read","description":"Reads.","parameters":{"type":"object","properties":{"id":{"type":"string"}}}}},{"type":"function","function":{"name":"stop"}}]""";
    private const string Ask = """{"messages":[{"role":"user","content":"hi"}],""" + Tools;

    [Fact]
    public async Task Tools_go_in_and_calls_come_out_whole()
    {
        await using var worker = await CallingAsync();
        var (status, body) = await worker.AskAsync(Chat, Ask + "}");
        Assert.Equal(HttpStatusCode.OK, status);
        var choice = body.GetProperty("choices")[0];
        Assert.Equal("tool_calls", choice.GetProperty("finish_reason").GetString());
        Assert.Equal("Wait.", choice.GetProperty("message").GetProperty("content").GetString());
        Assert.Equal(
            """[{"id":"c1","type":"function","function":{"name":"read","arguments":"{\"id\":\"ü\"}"}},{"id":"c2","type":"function","function":{"name":"stop","arguments":"{}"}}]""",
            choice.GetProperty("message").GetProperty("tool_calls").GetRawText());
        var asked = worker.Target.Asked.Single();
        Assert.Equal(["read", "stop"], asked.Tools.Select(tool => tool.Name));
        Assert.Equal("""{"type":"object","properties":{"id":{"type":"string"}}}""", asked.Tools[0].Parameters.GetRawText());
        Assert.Equal(("Reads.", "object"), (asked.Tools[0].Description, asked.Tools[1].Parameters.GetProperty("type").GetString()));
    }

    [Fact]
    public async Task Streamed_calls_come_whole_and_numbered()
    {
        await using var worker = await CallingAsync();
        var events = await worker.StreamAsync(Chat, Ask + ""","stream":true}""");
        var choices = events.SkipLast(1).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("choices")[0]).ToList();
        var calls = choices.Where(choice => choice.GetProperty("delta").TryGetProperty("tool_calls", out _)).Select(choice => choice.GetProperty("delta").GetProperty("tool_calls")[0]).ToList();
        Assert.Equal([(0, "c1", "read"), (1, "c2", "stop")], calls.Select(call => (call.GetProperty("index").GetInt32(), call.GetProperty("id").GetString(), call.GetProperty("function").GetProperty("name").GetString())));
        Assert.Equal("tool_calls", choices[^1].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Turns_with_calls_and_results_go_in()
    {
        await using var worker = await InProcessWorker.StartAsync();
        var (status, _) = await worker.AskAsync(Chat, """
            {"messages":[{"role":"user","content":"hi"},
            {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"read","arguments":"{\"id\":1}"}}]},
            {"role":"tool","tool_call_id":"c1","content":"21"}],
            """ + Tools + ""","tool_choice":{"type":"function","function":{"name":"stop"}}}""");
        Assert.Equal(HttpStatusCode.OK, status);
        var asked = worker.Target.Asked.Single();
        Assert.Equal(ToolChoice.Named("stop"), asked.ToolChoice);
        Assert.Equal(
            [new("user", "hi"), new("assistant", "") { ToolCalls = [new("c1", "read", "{\"id\":1}")] }, new("tool", "21") { ToolCallId = "c1", ToolName = "read" }],
            Assert.IsType<MessagesPrompt>(asked.Prompt).Messages);
    }

    [Theory]
    [InlineData("\"none\"", ToolChoiceMode.None)]
    [InlineData("\"auto\"", ToolChoiceMode.Auto)]
    [InlineData("\"required\"", ToolChoiceMode.Required)]
    public async Task A_choice_goes_in(string choice, ToolChoiceMode mode)
    {
        await using var worker = await InProcessWorker.StartAsync();
        await worker.AskAsync(Chat, $"{Ask},\"tool_choice\":{choice}}}");
        Assert.Equal(mode, worker.Target.Asked.Single().ToolChoice.Mode);
    }

    [Theory]
    [InlineData("tools", "\"tools\":1")]
    [InlineData("tools[0].type", "\"tools\":[{\"type\":\"web_search\"}]")]
    [InlineData("tools[0].function.name", "\"tools\":[{\"type\":\"function\",\"function\":{}}]")]
    [InlineData("tools[0].function.parameters", "\"tools\":[{\"function\":{\"name\":\"x\",\"parameters\":1}}]")]
    [InlineData("strict", "\"tools\":[{\"function\":{\"name\":\"x\",\"strict\":true}}]")]
    [InlineData("tool_choice", "\"tool_choice\":\"required\"")]
    [InlineData("tool_choice", Tools + ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"write\"}}")]
    [InlineData("parallel_tool_calls", Tools + ",\"parallel_tool_calls\":false")]
    [InlineData("messages[0].tool_calls", "\"messages\":[{\"role\":\"user\",\"content\":\"\",\"tool_calls\":[{}]}]")]
    [InlineData("messages[0].tool_call_id", "\"messages\":[{\"role\":\"tool\",\"content\":\"x\"}]")]
    public async Task What_cannot_be_honoured_is_refused_by_name(string param, string field)
    {
        await using var worker = await InProcessWorker.StartAsync();
        var messages = field.Contains("messages", StringComparison.Ordinal) ? "" : "\"messages\":" + """[{"role":"user","content":"hi"}],""";
        var (status, body) = await worker.AskAsync(Chat, "{" + messages + field + "}");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(param, body.GetProperty("error").GetProperty("param").GetString());
        Assert.Empty(worker.Target.Asked);
    }

    [Fact]
    public async Task The_openai_package_calls_tools_whole_and_streamed()
    {
        await using var worker = await CallingAsync();
        var run = await WorkerRun.RunAsync("node", ["openai-tools.mjs", JsonSerializer.Serialize(new { baseURL = new Uri(worker.Server.Http, "/v1"), model = "scripted" })], Repository.Clients);
        Assert.True(run.Code == 0, run.Errors);
        using var result = JsonDocument.Parse(run.Output);
        const string calls = """[["c1","read",{"id":"ü"}],["c2","stop",{}]]""";
        Assert.Equal(calls, result.RootElement.GetProperty("whole").GetRawText());
        Assert.Equal(calls, result.RootElement.GetProperty("streamed").GetRawText());
        Assert.Equal("tool_calls", result.RootElement.GetProperty("finish").GetString());
        Assert.Equal("Hello wörld", result.RootElement.GetProperty("answer").GetString());
        var turns = Assert.IsType<MessagesPrompt>(worker.Target.Asked[^1].Prompt).Messages;
        Assert.Equal(("c2", "stop", "done 1"), (turns[^1].ToolCallId, turns[^1].ToolName, turns[^1].Text));
    }

    private static async Task<InProcessWorker> CallingAsync()
    {
        var worker = await InProcessWorker.StartAsync();
        worker.Target.Answer = (request, _) => request.Prompt is MessagesPrompt { Messages: [.., { Role: "tool" }] } ? ScriptedTarget.Say("Hello", " wörld") : Calls();
        return worker;
    }

    private static async IAsyncEnumerable<DecodeUpdate> Calls()
    {
        await Task.Yield();
        yield return new("Wait.", 1);
        yield return new("", 4) { ToolCall = new("c1", "read", "{\"id\":\"ü\"}") };
        yield return new("", 4) { ToolCall = new("c2", "stop", "{}") };
        yield return new("", 0, ScriptedTarget.Completion with { Finish = DecodeFinish.ToolCalls });
    }
}
