using System.Text.Json;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Chat;

public class ToolChatTests
{
    private static readonly AIFunction Read = AIFunctionFactory.Create((string id, int scale) => 21, "read_sensor", "Reads a sensor.");
    private static readonly DecodeUpdate[] Calls =
    [
        new("Let me ", 2),
        CallingTarget.Call("see.", "call00001", "read_sensor", """{"id": "t1", "scale": 2}"""),
        CallingTarget.Call("", "call00002", "read_sensor", """{"id": "t2"}"""),
        CallingTarget.End(DecodeFinish.ToolCalls),
    ];

    [Fact]
    public async Task Tools_go_out_and_calls_come_back_each_once_and_whole()
    {
        var target = new CallingTarget("device", Calls);
        using var client = new HybridChatClient([target]);
        List<ChatResponseUpdate> updates = [];
        await foreach (var update in client.GetStreamingResponseAsync("How hot?", new() { Tools = [Read], AllowMultipleToolCalls = true })) updates.Add(update);

        var tool = Assert.Single(target.Received[0].Tools);
        Assert.Equal(("read_sensor", "Reads a sensor."), (tool.Name, tool.Description));
        Assert.True(tool.Parameters.GetProperty("properties").TryGetProperty("scale", out _));
        Assert.Equal(ToolChoice.Auto, target.Received[0].ToolChoice);
        var response = updates.ToChatResponse();
        Assert.Equal("Let me see.", response.Text);
        Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
        var calls = response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().ToArray();
        Assert.Equal(["call00001", "call00002"], calls.Select(call => call.CallId));
        Assert.Equal(("t1", 2), (calls[0].Arguments!["id"]!.ToString(), ((JsonElement)calls[0].Arguments!["scale"]!).GetInt32()));
    }

    [Fact]
    public async Task Calls_and_their_results_go_back_as_turns()
    {
        var target = new CallingTarget("device", Calls, [new("21 and 22.", 3), CallingTarget.End(DecodeFinish.Stop)]);
        using var client = new HybridChatClient([target]);
        var options = new ChatOptions { Tools = [Read] };
        List<ChatMessage> chat = [new(ChatRole.User, "How hot?")];
        chat.AddMessages(await client.GetResponseAsync(chat, options));
        chat.Add(new(ChatRole.Tool, [new FunctionResultContent("call00001", 21), new FunctionResultContent("call00002", "22")]));
        Assert.Equal("21 and 22.", (await client.GetResponseAsync(chat, options)).Text);

        var turns = Assert.IsType<MessagesPrompt>(target.Received[1].Prompt).Messages;
        Assert.Equal(["user", "assistant", "tool", "tool"], turns.Select(turn => turn.Role));
        Assert.Equal("Let me see.", turns[1].Text);
        Assert.Equal(new ToolCall("call00001", "read_sensor", """{"id":"t1","scale":2}"""), turns[1].ToolCalls[0]);
        Assert.Equal(("21", "call00001", "read_sensor"), (turns[2].Text, turns[2].ToolCallId, turns[2].ToolName));
        Assert.Equal("22", turns[3].Text);
    }

    [Theory]
    [InlineData("none", ToolChoiceMode.None, null)]
    [InlineData("any", ToolChoiceMode.Required, null)]
    [InlineData("one", ToolChoiceMode.Required, "read_sensor")]
    public async Task The_tool_mode_goes_out(string mode, ToolChoiceMode expected, string? name)
    {
        var target = new CallingTarget("device", [CallingTarget.End(DecodeFinish.Stop)]);
        using var client = new HybridChatClient([target]);
        await client.GetResponseAsync("?", new()
        {
            Tools = [Read],
            ToolMode = mode switch { "none" => ChatToolMode.None, "any" => ChatToolMode.RequireAny, _ => ChatToolMode.RequireSpecific("read_sensor") },
        });
        Assert.Equal((expected, name), (target.Received[0].ToolChoice.Mode, target.Received[0].ToolChoice.Name));
    }

    [Fact]
    public async Task A_required_tool_that_is_not_there_is_refused()
    {
        using var client = new HybridChatClient([new CallingTarget("device")]);
        var error = await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync("?", new() { Tools = [Read], ToolMode = ChatToolMode.RequireSpecific("write") }));
        Assert.Contains("'write'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_target_without_tools_is_behind_a_wall_while_tools_are_shown()
    {
        var plain = new ScriptedTarget("plain", "x");
        using var client = new HybridChatClient([plain]);
        var error = await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync("?", new() { Tools = [Read] }));
        Assert.Equal(HybridError.NoTargetAllowed, error.Error);
        var decision = Assert.IsType<Decision>(error.Data[HybridUpdateKeys.Decision]);
        Assert.Equal("it lacks Tools", Assert.Single(decision.Targets.Single().Walls).Reason);
        Assert.Empty(plain.Received);
        Assert.Equal("x", (await client.GetResponseAsync("?", new() { Tools = [Read], ToolMode = ChatToolMode.None })).Text);
    }

    [Fact]
    public async Task Contents_in_the_wrong_turn_are_refused()
    {
        using var client = new HybridChatClient([new CallingTarget("device")]);
        ChatMessage[][] wrong =
        [
            [new(ChatRole.User, [new FunctionCallContent("1", "x")])],
            [new(ChatRole.Assistant, [new FunctionResultContent("1", "x")])],
            [new(ChatRole.Tool, [new FunctionResultContent("1", "x"), new TextContent("y")])],
        ];
        foreach (var messages in wrong)
            Assert.Equal(HybridError.InvalidRequest, (await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync(messages))).Error);
    }
}
