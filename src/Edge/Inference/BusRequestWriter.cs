using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Hybrid.OpenAi;
using Hybrid.Protocol;
using Hybrid.Targets;

namespace Hybrid.Edge.Inference;

/// <summary>Writes a request as a gateway reads it: the chat body of the OpenAI API with the field <c>hybrid</c>.</summary>
internal static class BusRequestWriter
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Write(DecodeRequest request, MessagesPrompt chat, string? model, TimeSpan? left)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, Relaxed))
        {
            json.WriteStartObject();
            if (!string.IsNullOrEmpty(model)) json.WriteString("model", model);
            ChatJson.WriteMessages(json, chat.Messages, "", asVllm: false);
            if (request.MaxTokens is { } most) json.WriteNumber("max_tokens", most);
            WriteSampling(json, request.Sampling);
            if (request.StopSequences.Count > 0)
            {
                json.WriteStartArray("stop");
                foreach (var stop in request.StopSequences) json.WriteStringValue(stop);
                json.WriteEndArray();
            }

            ChatJson.WriteOptions(json, request);
            FormatJson.Write(json, request.Format);
            json.WriteStartObject("hybrid");
            json.WriteString("privacy", DecodeMapping.ToName(request.Privacy));
            json.WriteString("priority", request.Priority switch { RequestPriority.Background => "background", RequestPriority.Interactive => "interactive", _ => "normal" });
            if (left is { } time) json.WriteNumber("deadline_milliseconds", Math.Max(1, (long)time.TotalMilliseconds));
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteSampling(Utf8JsonWriter json, SamplingOptions sampling)
    {
        json.WriteNumber("temperature", sampling.Temperature);
        json.WriteNumber("top_p", sampling.TopP);
        json.WriteNumber("top_k", sampling.TopK);
        json.WriteNumber("min_p", sampling.MinP);
        json.WriteNumber("repetition_penalty", sampling.RepetitionPenalty);
        json.WriteNumber("frequency_penalty", sampling.FrequencyPenalty);
        json.WriteNumber("presence_penalty", sampling.PresencePenalty);
        if (sampling.Seed is { } seed) json.WriteNumber("seed", seed);
    }
}
