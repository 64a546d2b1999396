using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Hybrid.OpenAi;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>Writes the bodies of <c>/v1/chat/completions</c> and <c>/v1/completions</c>.</summary>
internal static class RequestBody
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <param name="request">What is asked.</param>
    /// <param name="options">What the pool understands.</param>
    /// <param name="mode">How it goes on, where the request has a continuation.</param>
    /// <param name="prompt">The chat as text, where it is rendered here; null where it is sent as messages.</param>
    /// <exception cref="HybridException">The schema that the answer must keep is not JSON (<see cref="HybridError.InvalidRequest"/>).</exception>
    public static byte[] Write(DecodeRequest request, OpenAiTargetOptions options, ContinuationMode mode, string? prompt)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer, Relaxed);
        json.WriteStartObject();
        json.WriteString("model"u8, options.ModelId ?? options.Descriptor.Model);
        if (prompt is not null)
            json.WriteString("prompt"u8, prompt);
        else
            WritePrompt(json, request, mode);
        json.WriteBoolean("stream"u8, true);
        json.WriteStartObject("stream_options"u8);
        json.WriteBoolean("include_usage"u8, true);
        json.WriteEndObject();
        if (request.MaxTokens is { } most)
            json.WriteNumber(options.MaxCompletionTokens ? "max_completion_tokens"u8 : "max_tokens"u8, most);
        SamplingJson.Write(json, request.Sampling, options.Sampling);
        WriteStop(json, request.StopSequences);
        if (prompt is null && request.Prompt is MessagesPrompt)
            ChatJson.WriteOptions(json, request);
        FormatJson.Write(json, request.Format);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void WritePrompt(Utf8JsonWriter json, DecodeRequest request, ContinuationMode mode)
    {
        switch (request.Prompt)
        {
            case TextPrompt text:
                json.WriteString("prompt"u8, text.Text + request.Continuation);
                break;
            case TokensPrompt tokens:
                json.WriteStartArray("prompt"u8);
                foreach (var token in tokens.Tokens.Span)
                    json.WriteNumberValue(token);
                json.WriteEndArray();
                break;
            case MessagesPrompt chat:
                ChatJson.WriteMessages(json, chat.Messages, request.Continuation, mode == ContinuationMode.Vllm);
                break;
        }
    }

    private static void WriteStop(Utf8JsonWriter json, IReadOnlyList<string> stops)
    {
        if (stops.Count == 0)
            return;
        json.WriteStartArray("stop"u8);
        foreach (var stop in stops)
            json.WriteStringValue(stop);
        json.WriteEndArray();
    }
}
