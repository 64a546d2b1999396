using System.Text;
using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.OpenAi;

/// <summary>The messages of a chat request and the fields only a chat has.</summary>
internal static class ChatFields
{
    /// <summary>Reads the messages; a last assistant message with <c>continue_final_message</c> becomes the continuation.</summary>
    public static (Prompt Prompt, string Continuation) Read(RequestFields fields)
    {
        var messages = ReadMessages(fields);
        var goesOn = fields.Flag("continue_final_message") ?? false;
        var opensTurn = fields.Flag("add_generation_prompt") ?? true;
        RefuseUnsupported(fields);
        if (goesOn == opensTurn)
        {
            throw OpenAiException.Invalid("continue_final_message", goesOn
                ? "'continue_final_message' needs 'add_generation_prompt': false."
                : "'add_generation_prompt': false needs 'continue_final_message': true.");
        }

        if (!goesOn)
            return (new MessagesPrompt(messages), "");
        if (messages[^1].Role != "assistant")
            throw OpenAiException.Invalid("continue_final_message", "'continue_final_message' needs an assistant message at the end.");
        return (new MessagesPrompt(messages[..^1]), messages[^1].Text);
    }

    private static List<PromptMessage> ReadMessages(RequestFields fields)
    {
        if (fields.Take("messages") is not { ValueKind: JsonValueKind.Array } value || value.GetArrayLength() == 0)
            throw OpenAiException.Invalid("messages", "'messages' must be an array of at least one message.");
        var messages = new List<PromptMessage>(value.GetArrayLength());
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var item in value.EnumerateArray())
            messages.Add(ReadMessage(item, $"messages[{messages.Count}]", names));
        return messages;
    }

    private static PromptMessage ReadMessage(JsonElement item, string path, Dictionary<string, string> names)
    {
        if (item.ValueKind != JsonValueKind.Object)
            throw OpenAiException.Invalid(path, $"'{path}' must be an object.");
        var message = new RequestFields(item);
        var role = message.Text("role") switch
        {
            "system" or "developer" => "system",
            "user" => "user",
            "assistant" => "assistant",
            "tool" => "tool",
            var other => throw OpenAiException.Invalid(path + ".role", $"'{path}.role' is '{other}'; it must be system, developer, user, assistant or tool."),
        };
        foreach (var name in (ReadOnlySpan<string>)["function_call", "audio"])
        {
            if (message.Take(name) is not null)
                throw OpenAiException.Unsupported($"{path}.{name}", $"This server does not support '{path}.{name}'.");
        }

        var calls = ToolFields.ReadCalls(message.Take("tool_calls"), role, path + ".tool_calls");
        foreach (var call in calls)
            names[call.Id] = call.Name;
        var content = message.Take("content");
        var text = content is null && calls.Count > 0 ? "" : ReadContent(content, path + ".content");
        if (role != "tool")
            return new PromptMessage(role, text) { ToolCalls = calls };
        var id = message.Text("tool_call_id");
        return string.IsNullOrEmpty(id)
            ? throw OpenAiException.Invalid(path + ".tool_call_id", $"'{path}' is a tool's result and needs the 'tool_call_id' of its call.")
            : new PromptMessage(role, text) { ToolCallId = id, ToolName = names.GetValueOrDefault(id, "") };
    }

    private static string ReadContent(JsonElement? content, string path)
    {
        if (content is { ValueKind: JsonValueKind.String } text)
            return text.GetString()!;
        if (content is not { ValueKind: JsonValueKind.Array } parts)
            throw OpenAiException.Invalid(path, $"'{path}' must be a string or an array of text parts.");
        var joined = new StringBuilder();
        foreach (var part in parts.EnumerateArray())
        {
            if (part.ValueKind != JsonValueKind.Object || !part.TryGetProperty("type", out var type) || type.ValueKind != JsonValueKind.String
                || type.GetString() != "text" || !part.TryGetProperty("text", out var words) || words.ValueKind != JsonValueKind.String)
                throw OpenAiException.Unsupported(path, $"'{path}' has a part that is not text; this server takes text only.");
            joined.Append(words.GetString());
        }

        return joined.ToString();
    }

    private static void RefuseUnsupported(RequestFields fields)
    {
        fields.Only("functions", IsEmptyArray);
        fields.Only("modalities", value => value.ValueKind == JsonValueKind.Array
            && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String && item.GetString() == "text"));
    }

    private static bool IsEmptyArray(JsonElement value) => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0;
}
