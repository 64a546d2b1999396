using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Hybrid.OpenAi;
using Hybrid.Targets;

namespace Hybrid.Edge.Inference;

/// <summary>The messages of an answer: pieces with their numbers, and an end.</summary>
internal static class Reply
{
    public const string Cancelled = "cancelled";
    public const string Interrupted = "interrupted";
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Piece(BusRequest request, int number, string text, IReadOnlyList<ToolCall> calls) => Write(request, number, json => WritePiece(json, text, calls));

    public static byte[] End(BusRequest request, int number, string text, IReadOnlyList<ToolCall> calls, DecodeCompletion completion, AnswerNote? note) => Write(request, number, json =>
    {
        WritePiece(json, text, calls);
        json.WriteString("finish", completion.Finish switch { DecodeFinish.Length => "length", DecodeFinish.ToolCalls => "tool_calls", _ => "stop" });
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", completion.PromptTokens);
        json.WriteNumber("completion_tokens", completion.OutputTokens);
        json.WriteNumber("total_tokens", completion.PromptTokens + completion.OutputTokens);
        json.WriteEndObject();
        if (note is null) return;
        json.WritePropertyName("hybrid");
        JsonSerializer.Serialize(json, note, OpenAiJson.Wire.AnswerNote);
    });

    /// <param name="request">Whose answer it is.</param>
    /// <param name="number">Its number; null where an earlier process began the answer, and how far it came is not known.</param>
    /// <param name="code">What went wrong, for a program.</param>
    /// <param name="message">What went wrong, for a person.</param>
    public static byte[] Error(BusRequest request, int? number, string code, string message) => Write(request, number, json =>
    {
        json.WriteStartObject("error");
        json.WriteString("code", code);
        json.WriteString("message", message);
        json.WriteEndObject();
    });

    private static void WritePiece(Utf8JsonWriter json, string text, IReadOnlyList<ToolCall> calls)
    {
        if (text.Length > 0) json.WriteString("text", text);
        if (calls.Count == 0) return;
        json.WriteStartArray("tool_calls");
        foreach (var call in calls)
        {
            json.WriteStartObject();
            json.WriteString("id", call.Id);
            json.WriteString("name", call.Name);
            json.WriteString("arguments", call.Arguments);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static byte[] Write(BusRequest request, int? number, Action<Utf8JsonWriter> rest)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, Relaxed))
        {
            json.WriteStartObject();
            if (request.Id is { } id) json.WriteString("id", id);
            if (number is { } n) json.WriteNumber("n", n);
            rest(json);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
