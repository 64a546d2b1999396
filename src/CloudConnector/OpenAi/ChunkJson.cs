using System.Net.ServerSentEvents;
using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>Reads the data of events: chunks of chats and of text completions alike.</summary>
internal static class ChunkJson
{
    /// <exception cref="PoolFault">It is not what the API sends.</exception>
    public static StreamChunk Read(string eventType, ReadOnlySpan<byte> data)
    {
        if (data.SequenceEqual("[DONE]"u8))
            return new() { Done = true, Text = "" };
        try
        {
            var reader = new Utf8JsonReader(data);
            using var document = JsonDocument.ParseValue(ref reader);
            if (reader.Read())
                throw new PoolFault("it sent an event with more than one piece of JSON");
            return Read(document.RootElement, eventType == "error");
        }
        catch (JsonException)
        {
            throw new PoolFault("it sent an event that is not JSON");
        }
    }

    /// <summary>The parser that gives chunks.</summary>
    public static SseParser<StreamChunk> Events(Stream body) => SseParser.Create(new BoundedEvents(body), Read);

    private static StreamChunk Read(JsonElement root, bool isError)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw new PoolFault("it sent an event that is no JSON object");
        TokenUsage? usage = null;
        JsonElement choice = default;
        var isChunk = false;
        foreach (var field in root.EnumerateObject())
        {
            if (field.NameEquals("choices"u8))
                (choice, isChunk) = (Choice(field.Value), true);
            else if (field.NameEquals("usage"u8))
                usage = Usage(field.Value);
            else if (field.NameEquals("error"u8))
                isError |= field.Value.ValueKind != JsonValueKind.Null;
        }

        if (isError || !isChunk)
        {
            var error = ServerError.Read(root);
            if (isError || error is not null)
                return new() { Error = error ?? new(null, null, null), Text = "" };
        }

        return choice.ValueKind == JsonValueKind.Object ? Read(choice) with { Usage = usage } : new() { Text = "", Usage = usage };
    }

    private static JsonElement Choice(JsonElement choices)
    {
        if (choices.ValueKind == JsonValueKind.Null)
            return default;
        if (choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() > 1)
            throw new PoolFault("it sent several answers at once, or choices that are no list");
        return choices.GetArrayLength() == 0 ? default : choices[0] is { ValueKind: JsonValueKind.Object } choice ? choice : throw new PoolFault("it sent a choice that is no object");
    }

    private static StreamChunk Read(JsonElement choice)
    {
        var chunk = new StreamChunk { Text = "", HasChoice = true };
        foreach (var field in choice.EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.Null)
                continue;
            if (field.NameEquals("index"u8) && !(field.Value.ValueKind == JsonValueKind.Number && field.Value.TryGetInt32(out var index) && index == 0))
                throw new PoolFault("it sent a second answer beside the one that was asked for");
            if (field.NameEquals("delta"u8))
                chunk = Delta(field.Value, chunk);
            else if (field.NameEquals("text"u8))
                chunk = chunk with { Text = Text(field.Value) };
            else if (field.NameEquals("finish_reason"u8))
                chunk = chunk with { Finish = Text(field.Value) };
            else if (field.NameEquals("logprobs"u8))
                chunk = chunk with { Scores = ScoreJson.Read(field.Value) };
        }

        return chunk;
    }

    private static StreamChunk Delta(JsonElement delta, StreamChunk chunk)
    {
        if (delta.ValueKind != JsonValueKind.Object)
            throw new PoolFault("it sent a delta that is no object");
        foreach (var field in delta.EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.Null)
                continue;
            if (field.NameEquals("content"u8))
                chunk = chunk with { Text = Text(field.Value) };
            else if (field.NameEquals("role"u8))
                chunk = chunk with { HasRole = true };
            else if (field.NameEquals("reasoning_content"u8) || field.NameEquals("reasoning"u8))
                chunk = chunk with { Thinks = Text(field.Value).Length > 0 };
            else if (field.NameEquals("tool_calls"u8))
                chunk = chunk with { Calls = Calls(field.Value) };
        }

        return chunk;
    }

    private static ToolPiece[] Calls(JsonElement calls)
    {
        if (calls.ValueKind != JsonValueKind.Array)
            throw new PoolFault("it sent calls that are no list");
        return [.. calls.EnumerateArray().Select(Call)];
    }

    private static ToolPiece Call(JsonElement call, int place)
    {
        if (call.ValueKind != JsonValueKind.Object)
            throw new PoolFault("it sent a call that is no object");
        var index = call.TryGetProperty("index", out var number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out var given) ? given : place;
        var function = call.TryGetProperty("function", out var inner) && inner.ValueKind == JsonValueKind.Object ? inner : default;
        return new(index, Optional(call, "id"), Optional(function, "name"), Optional(function, "arguments") ?? "");
    }

    private static string? Optional(JsonElement holder, string name) =>
        holder.ValueKind == JsonValueKind.Object && holder.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? Text(value) : null;

    private static string Text(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? JsonTexts.Read(value) : throw new PoolFault($"it sent {value.ValueKind} where text belongs");

    /// <summary>Null where the counts cannot be: below zero, or no whole numbers.</summary>
    private static TokenUsage? Usage(JsonElement usage)
    {
        if (usage.ValueKind != JsonValueKind.Object || Count(usage, "prompt_tokens") is not { } prompt)
            return null;
        var cached = usage.TryGetProperty("prompt_tokens_details", out var details) && details.ValueKind == JsonValueKind.Object ? Count(details, "cached_tokens") : 0;
        return new(prompt, Math.Clamp(cached ?? 0, 0, prompt), Count(usage, "completion_tokens") ?? 0);
    }

    private static int? Count(JsonElement holder, string name) =>
        holder.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var count) && count >= 0 ? count : null;
}
