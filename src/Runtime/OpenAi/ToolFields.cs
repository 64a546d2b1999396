using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.OpenAi;

/// <summary>The tools of a chat request, and the calls in its messages.</summary>
internal static class ToolFields
{
    private static readonly JsonElement NoParameters = JsonElement.Parse("""{"type":"object","properties":{}}""");

    public static (ToolDefinition[] Tools, ToolChoice Choice) Read(RequestFields fields)
    {
        var tools = ReadTools(fields.Take("tools"));
        var choice = ReadChoice(fields.Take("tool_choice"), tools);
        fields.Only("parallel_tool_calls", value => value.ValueKind == JsonValueKind.True || (value.ValueKind == JsonValueKind.False && tools.Length == 0));
        return (tools, choice);
    }

    /// <summary>The calls that an assistant's message asked for.</summary>
    public static IReadOnlyList<ToolCall> ReadCalls(JsonElement? value, string role, string path)
    {
        if (value is null || value is { ValueKind: JsonValueKind.Array } none && none.GetArrayLength() == 0)
            return [];
        if (value is not { ValueKind: JsonValueKind.Array } entries || role != "assistant")
            throw OpenAiException.Invalid(path, $"'{path}' must be an array in an assistant message.");
        return [.. entries.EnumerateArray().Select((entry, index) => ReadCall(entry, $"{path}[{index}]"))];
    }

    private static ToolCall ReadCall(JsonElement entry, string path)
    {
        var (fields, function) = Function(entry, path);
        return new(Required(fields, "id", path), Required(function, "name", path + ".function"), Required(function, "arguments", path + ".function"));
    }

    private static ToolDefinition[] ReadTools(JsonElement? value)
    {
        if (value is null)
            return [];
        if (value is not { ValueKind: JsonValueKind.Array } entries)
            throw OpenAiException.Invalid("tools", "'tools' must be an array.");
        return [.. entries.EnumerateArray().Select((entry, index) => ReadTool(entry, $"tools[{index}]"))];
    }

    private static ToolDefinition ReadTool(JsonElement entry, string path)
    {
        var (fields, function) = Function(entry, path);
        var name = Required(function, "name", path + ".function");
        var parameters = function.Take("parameters") ?? NoParameters;
        if (parameters.ValueKind != JsonValueKind.Object)
            throw OpenAiException.Invalid(path + ".function.parameters", $"'{path}.function.parameters' must be a JSON schema object.");
        var tool = new ToolDefinition(name, function.Text("description") ?? "", parameters);
        function.Only("strict", strict => strict.ValueKind == JsonValueKind.False);
        function.RefuseRest();
        fields.RefuseRest();
        return tool;
    }

    private static ToolChoice ReadChoice(JsonElement? value, ToolDefinition[] tools)
    {
        switch (value)
        {
            case null:
                return ToolChoice.Auto;
            case { ValueKind: JsonValueKind.String } word:
                return word.GetString() switch
                {
                    "auto" => ToolChoice.Auto,
                    "none" => ToolChoice.None,
                    "required" when tools.Length > 0 => ToolChoice.Required,
                    var other => throw OpenAiException.Invalid("tool_choice", $"'tool_choice' is '{other}'; it must be auto, none, a function, or, with tools, required."),
                };
            case { } chosen:
                var name = Required(Function(chosen, "tool_choice").Function, "name", "tool_choice.function");
                return tools.Any(tool => tool.Name == name)
                    ? ToolChoice.Named(name)
                    : throw OpenAiException.Invalid("tool_choice", $"'tool_choice' names '{name}', which is not among the tools.");
        }
    }

    private static (RequestFields Fields, RequestFields Function) Function(JsonElement entry, string path)
    {
        if (entry.ValueKind != JsonValueKind.Object)
            throw OpenAiException.Invalid(path, $"'{path}' must be an object.");
        var fields = new RequestFields(entry);
        if (fields.Text("type") is { } type and not "function")
            throw OpenAiException.Unsupported(path + ".type", $"'{path}.type' is '{type}'; this server takes functions only.");
        return fields.Take("function") is { ValueKind: JsonValueKind.Object } function
            ? (fields, new RequestFields(function))
            : throw OpenAiException.Invalid(path + ".function", $"'{path}.function' must be an object.");
    }

    private static string Required(RequestFields fields, string name, string path) => fields.Text(name) is { Length: > 0 } text
        ? text
        : throw OpenAiException.Invalid($"{path}.{name}", $"'{path}.{name}' must be a string that is not empty.");
}
