using System.Text.Json;

namespace Hybrid.Engines.Grammar;

/// <summary>The keywords of a JSON schema that are kept, and those that say nothing about the value.</summary>
internal static class SchemaKeywords
{
    private static readonly HashSet<string> Notes =
    [
        "title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly",
        "$schema", "$id", "$comment", "$anchor", "$defs", "definitions",
    ];

    private static readonly HashSet<string> Kept =
    [
        "type", "nullable", "enum", "const", "$ref", "allOf", "anyOf", "oneOf",
        "properties", "required", "additionalProperties", "items", "prefixItems", "minItems", "maxItems",
        "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    ];

    public static bool IsNote(string name) => Notes.Contains(name);

    /// <summary>The members that say something; others than those that are kept are refused.</summary>
    public static OrderedDictionary<string, JsonElement> Read(JsonElement schema, string path)
    {
        if (schema.ValueKind != JsonValueKind.Object)
            throw Unusable(path, "is neither an object nor true or false");
        var members = SchemaJson.Members(schema);
        foreach (var name in members.Keys.ToArray())
        {
            if (Notes.Contains(name) || (name == "uniqueItems" && members[name].ValueKind == JsonValueKind.False))
                members.Remove(name);
            else if (!Kept.Contains(name))
                throw Unusable($"{path}.{name}", "is a keyword that cannot be kept while decoding");
        }

        if (members.Remove("nullable", out var nullable) && nullable.ValueKind == JsonValueKind.True)
        {
            members["type"] = members.TryGetValue("type", out var type)
                ? SchemaJson.Strings(SchemaMerge.Types(type, $"{path}.type").Append("null").Distinct())
                : throw Unusable($"{path}.nullable", "stands without a type");
        }

        return members;
    }

    /// <summary>A whole number of 0 or more; null where it is not given.</summary>
    public static int? Count(IReadOnlyDictionary<string, JsonElement> members, string name, string path)
    {
        if (!members.TryGetValue(name, out var value))
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var count) && count is >= 0 and <= 10_000
            ? count
            : throw Unusable($"{path}.{name}", "is not a whole number from 0 to 10000");
    }

    public static string? Text(IReadOnlyDictionary<string, JsonElement> members, string name, string path)
    {
        if (!members.TryGetValue(name, out var value))
            return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw Unusable($"{path}.{name}", "is not a string");
    }

    public static IReadOnlyList<JsonElement> List(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : throw Unusable(path, "is not an array");

    public static HybridException Unmeetable(string path, string why) => Unusable(path, $"can never be met: {why}");

    public static HybridException Unusable(string path, string why) =>
        new(HybridError.InvalidRequest, $"The JSON schema's {path} {why}. Nothing was decoded.");
}
