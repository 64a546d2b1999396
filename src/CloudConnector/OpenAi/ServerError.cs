using System.Text.Json;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>An error as servers tell it: in the body of a refusal, or as an event in mid-stream.</summary>
/// <param name="Code">A word, or a status as text.</param>
/// <param name="Type">A word.</param>
/// <param name="Message">For people; may repeat what was asked, so it is looked at and not passed on as it is.</param>
internal sealed record ServerError(string? Code, string? Type, string? Message)
{
    /// <summary>Reads the shapes of OpenAI, vLLM, llama-server, FastAPI and <c>hybrid-worker</c>; null where it is none of them.</summary>
    public static ServerError? Read(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
            return null;
        if (body.TryGetProperty("error", out var error) && error.ValueKind is not (JsonValueKind.Null or JsonValueKind.False))
        {
            return error.ValueKind == JsonValueKind.Object
                ? new(Word(error, "code"), Word(error, "type"), Word(error, "message"))
                : new(null, Word(body, "error_type"), Text(error));
        }

        if (body.TryGetProperty("object", out var kind) && kind.ValueKind == JsonValueKind.String && kind.ValueEquals("error"))
            return new(Word(body, "code"), Word(body, "type"), Word(body, "message"));
        return body.TryGetProperty("detail", out var detail) ? new(null, null, Text(detail)) : null;
    }

    /// <summary>Reads a body's bytes; null where it is no JSON, or not an error's.</summary>
    public static ServerError? Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return Read(document.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Word(JsonElement holder, string name) => holder.TryGetProperty(name, out var value) ? Text(value) : null;

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => JsonTexts.Read(value),
        JsonValueKind.Number => value.GetRawText(),
        _ => null,
    };
}
