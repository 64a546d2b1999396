using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Chat;

/// <summary>Tools from chat options. Nothing here calls them: FunctionInvokingChatClient of Microsoft.Extensions.AI does, above this client.</summary>
internal static class ToolReader
{
    public static IReadOnlyList<ToolDefinition> Tools(ChatOptions options) => [.. (options.Tools ?? []).Select(Tool)];

    public static ToolChoice Choice(ChatOptions options) => options.ToolMode switch
    {
        null or AutoChatToolMode => ToolChoice.Auto,
        NoneChatToolMode => ToolChoice.None,
        RequiredChatToolMode when options.Tools is not { Count: > 0 } => throw Invalid("ToolMode", "a tool call is required, and there are no tools"),
        RequiredChatToolMode { RequiredFunctionName: null } => ToolChoice.Required,
        RequiredChatToolMode { RequiredFunctionName: { } name } => options.Tools.Any(tool => tool.Name == name)
            ? ToolChoice.Named(name)
            : throw Invalid("ToolMode", $"a call of '{name}' is required, and it is not among the tools"),
        var other => throw Invalid("ToolMode", $"{other.GetType().Name} is not known; use Auto, None, RequireAny or RequireSpecific"),
    };

    private static ToolDefinition Tool(AITool tool) => tool is AIFunctionDeclaration function
        ? new(function.Name, function.Description, function.JsonSchema)
        : throw Invalid("Tools", $"{tool?.GetType().Name ?? "null"} is not a function, and no target can use another kind of tool");

    private static HybridException Invalid(string option, string why) =>
        new(HybridError.InvalidRequest, $"ChatOptions.{option}: {why}. Nothing was sent.");
}
