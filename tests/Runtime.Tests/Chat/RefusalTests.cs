using Hybrid.Targets;
using Microsoft.Extensions.AI;

#pragma warning disable MEAI001 // Experimental options are refused like the rest.

namespace Hybrid.Tests.Chat;

public class RefusalTests
{
    private static readonly Dictionary<string, ChatOptions> Refused = new()
    {
        ["Tools"] = new() { Tools = [new HostedWebSearchTool()] },
        ["ToolMode"] = new() { ToolMode = ChatToolMode.RequireAny },
        ["AllowMultipleToolCalls"] = new() { AllowMultipleToolCalls = false },
        ["ResponseFormat"] = new ChatOptions { ResponseFormat = ChatResponseFormat.Json }.WithGrammar("root ::= \"a\""),
        ["ConversationId"] = new() { ConversationId = "c" },
        ["Reasoning"] = new() { Reasoning = new() },
        ["RawRepresentationFactory"] = new() { RawRepresentationFactory = _ => null },
        ["AllowBackgroundResponses"] = new() { AllowBackgroundResponses = true },
        ["ContinuationToken"] = new() { ContinuationToken = ResponseContinuationToken.FromBytes(new byte[1]) },
        ["ModelId"] = new() { ModelId = "gpt" },
        ["Temperature"] = new() { Temperature = float.NaN },
        ["TopK"] = new() { TopK = -1 },
        ["TopP"] = new() { TopP = 0 },
        ["FrequencyPenalty"] = new() { FrequencyPenalty = 2.1f },
        ["PresencePenalty"] = new() { PresencePenalty = -2.1f },
        ["MaxOutputTokens"] = new() { MaxOutputTokens = 0 },
        ["StopSequences"] = new() { StopSequences = ["a", ""] },
        ["hybrid.min_p"] = new ChatOptions().WithMinP(1.5f),
        ["hybrid.repetition_penalty"] = new ChatOptions().WithRepetitionPenalty(0),
        ["deadline"] = new ChatOptions().WithDeadline(TimeSpan.Zero),
        ["The longest time to the first token is 00:00:00; it must be above zero"] = new ChatOptions().WithMaxTimeToFirstToken(TimeSpan.Zero),
        ["The longest time to the first token is -00:00:01; it must be above zero"] = new ChatOptions().WithMaxTimeToFirstToken(TimeSpan.FromSeconds(-1)),
        ["The longest time per token is 00:00:00; it must be above zero"] = new ChatOptions().WithMaxTimePerToken(TimeSpan.Zero),
        ["The longest time per token is -00:00:01; it must be above zero"] = new ChatOptions().WithMaxTimePerToken(TimeSpan.FromSeconds(-1)),
        ["'hybrid.max_time_per_token' is Double; it must be TimeSpan"] = new() { AdditionalProperties = new() { ["hybrid.max_time_per_token"] = 0.1 } },
        ["privacy class"] = new ChatOptions().WithPrivacy((PrivacyClass)9),
        ["no policy 'cheap'"] = new ChatOptions().WithPolicy("cheap"),
        ["no target 'moon'"] = new ChatOptions().WithTarget("moon"),
        ["'hybrid.deadlin'"] = new() { AdditionalProperties = new() { ["hybrid.deadlin"] = 1 } },
        ["'hybrid.deadline' is Int32; it must be TimeSpan"] = new() { AdditionalProperties = new() { ["hybrid.deadline"] = 1 } },
    };

    public static TheoryData<string> Names => [.. Refused.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task An_option_that_cannot_be_honoured_is_refused_by_name(string name)
    {
        var target = new ScriptedTarget("device", "x");
        using var client = new HybridChatClient([target]);
        var error = await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync("Hi", Refused[name]));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.EndsWith("Nothing was sent.", error.Message, StringComparison.Ordinal);
        Assert.Empty(target.Received);
    }

    [Fact]
    public void No_option_of_the_abstraction_is_unknown_here()
    {
        string[] honoured = ["Instructions", "Seed", "AdditionalProperties"]; // the others are refused above for some value
        var unknown = typeof(ChatOptions).GetProperties().Select(property => property.Name).Except(Refused.Keys).Except(honoured);
        Assert.Empty(unknown);
    }

    [Theory]
    [InlineData("DataContent")]
    [InlineData("UriContent")]
    [InlineData("FunctionCallContent")]
    [InlineData("FunctionResultContent")]
    [InlineData("TextReasoningContent")]
    public async Task Content_that_is_not_text_is_refused_by_name(string name)
    {
        AIContent content = name switch
        {
            "DataContent" => new DataContent(new byte[1], "image/png"),
            "UriContent" => new UriContent("http://example.com/a.png", "image/png"),
            "FunctionCallContent" => new FunctionCallContent("1", "one"),
            "FunctionResultContent" => new FunctionResultContent("1", 1),
            _ => new TextReasoningContent("hm"),
        };
        await Refuses($"Message 1 (user) holds {name}", new(ChatRole.System, "s"), new(ChatRole.User, [new TextContent("a"), content]));
    }

    [Fact]
    public async Task No_messages_and_unknown_roles_are_refused()
    {
        await Refuses("There are no messages");
        await Refuses("role 'critic'", new ChatMessage(new ChatRole("critic"), "x"));
    }

    [Fact]
    public async Task Properties_of_others_and_harmless_settings_pass()
    {
        using var client = new HybridChatClient([new ScriptedTarget("device", "x")]);
        var options = new ChatOptions
        {
            AdditionalProperties = new() { ["other.key"] = 1 },
            ToolMode = ChatToolMode.Auto,
            Tools = [],
            AllowBackgroundResponses = false,
        };
        Assert.Equal("x", (await client.GetResponseAsync("Hi", options)).Text);
    }

    private static async Task Refuses(string reason, params ChatMessage[] messages)
    {
        var target = new ScriptedTarget("device", "x");
        using var client = new HybridChatClient([target]);
        var error = await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync(messages));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Empty(target.Received);
    }
}
