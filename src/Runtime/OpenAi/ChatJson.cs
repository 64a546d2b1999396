using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.OpenAi;

/// <summary>Writes messages, tools and what only a chat is asked.</summary>
internal static class ChatJson
{
    public static void WriteMessages(Utf8JsonWriter json, IReadOnlyList<PromptMessage> messages, string continuation, bool asVllm)
    {
        json.WriteStartArray("messages"u8);
        foreach (var message in messages)
            Write(json, message);
        if (continuation.Length > 0)
            Write(json, new PromptMessage("assistant", continuation));
        json.WriteEndArray();
        if (continuation.Length == 0 || !asVllm)
            return;
        json.WriteBoolean("continue_final_message"u8, true);
        json.WriteBoolean("add_generation_prompt"u8, false);
    }

    public static void WriteOptions(Utf8JsonWriter json, DecodeRequest request)
    {
        if (request.LogProbabilities is { } alternatives)
        {
            json.WriteBoolean("logprobs"u8, true);
            json.WriteNumber("top_logprobs"u8, alternatives);
        }

        if (!request.OffersTools)
            return;
        json.WriteStartArray("tools"u8);
        foreach (var tool in request.Tools)
            Write(json, tool);
        json.WriteEndArray();
        Write(json, request.ToolChoice);
    }

    private static void Write(Utf8JsonWriter json, PromptMessage message)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, message.Role);
        if (message.Text.Length > 0 || message.ToolCalls.Count == 0)
            json.WriteString("content"u8, message.Text);
        else
            json.WriteNull("content"u8);
        if (message.ToolCallId.Length > 0)
            json.WriteString("tool_call_id"u8, message.ToolCallId);
        if (message.ToolCalls.Count > 0)
        {
            json.WriteStartArray("tool_calls"u8);
            foreach (var call in message.ToolCalls)
                Write(json, call);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ToolCall call)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, call.Id);
        json.WriteString("type"u8, "function"u8);
        json.WriteStartObject("function"u8);
        json.WriteString("name"u8, call.Name);
        json.WriteString("arguments"u8, call.Arguments);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ToolDefinition tool)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "function"u8);
        json.WriteStartObject("function"u8);
        json.WriteString("name"u8, tool.Name);
        if (tool.Description.Length > 0)
            json.WriteString("description"u8, tool.Description);
        json.WritePropertyName("parameters"u8);
        tool.Parameters.WriteTo(json);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ToolChoice choice)
    {
        if (choice.Name is { } name)
        {
            json.WriteStartObject("tool_choice"u8);
            json.WriteString("type"u8, "function"u8);
            json.WriteStartObject("function"u8);
            json.WriteString("name"u8, name);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        else
        {
            json.WriteString("tool_choice"u8, choice.Mode == ToolChoiceMode.Required ? "required"u8 : "auto"u8);
        }
    }
}
