using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.Engines.ChatTemplates;

/// <summary>Messages and tools as the values that templates expect.</summary>
internal static class ChatValues
{
    /// <summary>Characters of all that somebody said.</summary>
    public static long Length(ChatInput input) =>
        input.Messages.Sum(message => (long)message.Text.Length + message.ToolCalls.Sum(call => (long)call.Name.Length + call.Arguments.Length))
        + input.Tools.Sum(tool => (long)tool.Name.Length + tool.Description.Length + tool.Parameters.GetRawText().Length);

    public static List<object?> Messages(ChatInput input, RenderBudget budget) =>
        [.. input.Messages.Select(message => (object?)Message(message, input.ArgumentsAsText, budget))];

    /// <summary>Null where there are none.</summary>
    public static List<object?>? Tools(ChatInput input, RenderBudget budget) => input.Tools.Count == 0
        ? null
        : [.. input.Tools.Select(tool => (object?)Function(Map(
            ("name", Said(tool.Name)),
            ("description", Said(tool.Description)),
            ("parameters", JsonText.Value(tool.Parameters, isContent: true, budget)))))];

    private static TemplateMap Message(PromptMessage message, bool argumentsAsText, RenderBudget budget)
    {
        var isWord = message.Role.All(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '-');
        var map = Map(("role", new MarkedText(message.Role, isContent: !isWord)), ("content", Said(message.Text)));
        if (message.ToolCalls.Count > 0)
            map.Set("tool_calls", message.ToolCalls.Select(call => (object?)Call(call, argumentsAsText, budget)).ToList());
        if (message.ToolCallId.Length > 0)
            map.Set("tool_call_id", Said(message.ToolCallId));
        if (message.ToolName.Length > 0)
            map.Set("name", Said(message.ToolName));
        return map;
    }

    private static TemplateMap Call(ToolCall call, bool argumentsAsText, RenderBudget budget)
    {
        var arguments = Said(call.Arguments);
        var map = Function(Map(("name", Said(call.Name)), ("arguments", argumentsAsText ? arguments : Parsed(arguments, budget))));
        map.Set("id", Said(call.Id));
        return map;
    }

    /// <summary>The values of JSON text; the text itself where it is none, as a model may have written it.</summary>
    private static object? Parsed(MarkedText arguments, RenderBudget budget)
    {
        try
        {
            using var document = JsonDocument.Parse(arguments.Text);
            return JsonText.Value(document.RootElement, isContent: true, budget);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return arguments;
        }
    }

    private static TemplateMap Function(TemplateMap function) => Map(("type", new MarkedText("function")), ("function", function));

    private static MarkedText Said(string text) => new(text, isContent: true);

    private static TemplateMap Map(params ReadOnlySpan<(string Key, object? Value)> pairs)
    {
        var map = new TemplateMap();
        foreach (var (key, value) in pairs)
            map.Set(key, value);
        return map;
    }
}
