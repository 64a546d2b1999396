using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.Protocol;

/// <summary>Messages, tools and calls between <c>decode.proto</c> and the types of the SDK.</summary>
internal static class ToolMapping
{
    public static Message ToMessage(PromptMessage turn)
    {
        var message = new Message { Role = turn.Role, Text = turn.Text, ToolCallId = turn.ToolCallId, ToolName = turn.ToolName };
        message.ToolCalls.AddRange(turn.ToolCalls.Select(ToMessage));
        return message;
    }

    public static PromptMessage FromMessage(Message message) => new(message.Role, message.Text)
    {
        ToolCalls = [.. message.ToolCalls.Select(FromMessage)],
        ToolCallId = message.ToolCallId,
        ToolName = message.ToolName,
    };

    public static ToolCall ToMessage(Targets.ToolCall call) => new() { Id = call.Id, Name = call.Name, Arguments = call.Arguments };

    public static Targets.ToolCall FromMessage(ToolCall message) => new(message.Id, message.Name, message.Arguments);

    public static void Write(DecodeRequest request, GenerateRequest message)
    {
        message.Tools.AddRange(request.Tools.Select(tool => new Tool { Name = tool.Name, Description = tool.Description, Parameters = tool.Parameters.GetRawText() }));
        message.ToolChoice = request.ToolChoice.Mode switch { ToolChoiceMode.None => "none", ToolChoiceMode.Required => "required", _ => "" };
        message.ToolChoiceName = request.ToolChoice.Name ?? "";
    }

    /// <exception cref="HybridException">The parameters of a tool are not JSON (InvalidRequest).</exception>
    public static IReadOnlyList<ToolDefinition> Tools(GenerateRequest message) => message.Tools.Count == 0 ? [] : [.. message.Tools.Select(Tool)];

    /// <exception cref="HybridException">The choice is not known (InvalidRequest).</exception>
    public static ToolChoice Choice(GenerateRequest message) => message.ToolChoice switch
    {
        "" or "auto" => ToolChoice.Auto,
        "none" => ToolChoice.None,
        "required" => message.ToolChoiceName.Length > 0 ? ToolChoice.Named(message.ToolChoiceName) : ToolChoice.Required,
        var other => throw new HybridException(HybridError.InvalidRequest, $"tool_choice is '{other}'; it must be auto, none or required."),
    };

    private static ToolDefinition Tool(Tool tool)
    {
        try
        {
            return new(tool.Name, tool.Description, JsonElement.Parse(tool.Parameters));
        }
        catch (JsonException exception)
        {
            throw new HybridException(HybridError.InvalidRequest, $"The parameters of tool '{tool.Name}' are not JSON.", exception);
        }
    }
}
