using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Hybrid.Engines.Grammar;

/// <summary>Reads and writes the JSON of schemas.</summary>
internal static class SchemaJson
{
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Text(JsonElement value) => Write(writer => value.WriteTo(writer));

    public static string Quote(string text) => Write(writer => writer.WriteStringValue(text));

    public static JsonElement Object(IEnumerable<KeyValuePair<string, JsonElement>> members) => JsonElement.Parse(Write(writer =>
    {
        writer.WriteStartObject();
        foreach (var (name, value) in members)
        {
            writer.WritePropertyName(name);
            value.WriteTo(writer);
        }

        writer.WriteEndObject();
    }));

    public static JsonElement Array(IEnumerable<JsonElement> items) => JsonElement.Parse($"[{string.Join(',', items.Select(Text))}]");

    public static JsonElement Strings(IEnumerable<string> items) => JsonElement.Parse($"[{string.Join(',', items.Select(Quote))}]");

    /// <summary>The members of an object; the last of those that are named alike.</summary>
    public static OrderedDictionary<string, JsonElement> Members(JsonElement value)
    {
        var members = new OrderedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var member in value.EnumerateObject())
            members[member.Name] = member.Value;
        return members;
    }

    private static string Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Compact))
            write(writer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
