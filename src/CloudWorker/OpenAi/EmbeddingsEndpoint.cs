using System.Runtime.InteropServices;
using System.Text.Json;
using Hybrid.CloudWorker.Hosting;
using Hybrid.OpenAi;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.OpenAi;

/// <summary><c>POST /v1/embeddings</c>: a string or an array of strings, as numbers or as base64 of little-endian floats.</summary>
/// <param name="answers">Runs each request.</param>
/// <param name="find">Gives the target of a model's id, or of none, and its name; throws where there is none.</param>
internal sealed class EmbeddingsEndpoint(Answers answers, Func<string?, (IEmbeddingTarget Target, string Model)> find)
{
    private const int MostInputs = 2048;

    public async Task HandleAsync(HttpContext context)
    {
        var fields = await RequestFields.ReadAsync(context.Request.Body, context.RequestAborted);
        var (target, model) = find(fields.Text("model"));
        var texts = ReadInput(fields.Take("input"));
        var base64 = fields.Text("encoding_format") switch
        {
            null or "float" => false,
            "base64" => true,
            var other => throw OpenAiException.Invalid("encoding_format", $"'encoding_format' is '{other}'; it must be float or base64."),
        };
        fields.Ignore("user");
        fields.RefuseRest();
        var result = await answers.RunAsync(cancellationToken => target.EmbedAsync(texts, cancellationToken), context.RequestAborted);
        context.Response.ContentType = "application/json; charset=utf-8";
        await using var writer = new Utf8JsonWriter(context.Response.BodyWriter);
        Write(writer, result, model, base64);
    }

    private static void Write(Utf8JsonWriter writer, EmbeddingResult result, string model, bool base64)
    {
        writer.WriteStartObject();
        writer.WriteString("object", "list");
        writer.WriteStartArray("data");
        for (var i = 0; i < result.Vectors.Count; i++)
        {
            writer.WriteStartObject();
            writer.WriteString("object", "embedding");
            writer.WriteNumber("index", i);
            WriteVector(writer, result.Vectors[i].Span, base64);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString("model", model);
        writer.WritePropertyName("usage");
        JsonSerializer.Serialize(writer, new EmbeddingUsage(result.Tokens, result.Tokens), OpenAiJson.Wire.EmbeddingUsage);
        writer.WriteEndObject();
    }

    private static void WriteVector(Utf8JsonWriter writer, ReadOnlySpan<float> vector, bool base64)
    {
        if (base64)
        {
            writer.WriteBase64String("embedding", MemoryMarshal.AsBytes(vector));
            return;
        }

        writer.WriteStartArray("embedding");
        foreach (var value in vector)
            writer.WriteNumberValue(value);
        writer.WriteEndArray();
    }

    private static string[] ReadInput(JsonElement? input)
    {
        JsonElement[] items = input switch
        {
            { ValueKind: JsonValueKind.String } text => [text],
            { ValueKind: JsonValueKind.Array } array => [.. array.EnumerateArray()],
            _ => [],
        };
        if (items.Length is 0 or > MostInputs || items.Any(item => item.ValueKind != JsonValueKind.String || item.GetString()!.Length == 0))
            throw OpenAiException.Invalid("input", $"'input' must be a string or an array of 1 to {MostInputs} strings, none empty.");
        return [.. items.Select(item => item.GetString()!)];
    }
}
