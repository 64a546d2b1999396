using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.OpenAi;

/// <summary>Writes what the answer must be like.</summary>
internal static class FormatJson
{
    public static void Write(Utf8JsonWriter json, OutputFormat? format)
    {
        switch (format)
        {
            case GrammarOutput grammar:
                json.WriteString("grammar"u8, grammar.Grammar);
                break;
            case JsonOutput:
                json.WriteStartObject("response_format"u8);
                json.WriteString("type"u8, "json_object"u8);
                json.WriteEndObject();
                break;
            case JsonSchemaOutput schema:
                json.WriteStartObject("response_format"u8);
                json.WriteString("type"u8, "json_schema"u8);
                json.WriteStartObject("json_schema"u8);
                json.WriteString("name"u8, string.IsNullOrEmpty(schema.Name) ? "answer" : schema.Name);
                json.WriteBoolean("strict"u8, true);
                WriteSchema(json, schema.Schema);
                json.WriteEndObject();
                json.WriteEndObject();
                break;
        }
    }

    private static void WriteSchema(Utf8JsonWriter json, string schema)
    {
        try
        {
            using var parsed = JsonDocument.Parse(schema);
            json.WritePropertyName("schema"u8);
            parsed.RootElement.WriteTo(json);
        }
        catch (JsonException)
        {
            throw new HybridException(HybridError.InvalidRequest, "The schema that the answer must keep is not JSON. Nothing was sent.");
        }
    }
}
