using System.Text.Json;

namespace Hybrid.Engines.Grammar;

/// <summary>The types that a schema admits, and its listed values.</summary>
internal static class SchemaTypes
{
    private static readonly string[] All = ["object", "array", "string", "number", "integer", "boolean", "null"];

    private static readonly (string Keyword, string Type)[] Hints =
    [
        ("properties", "object"), ("required", "object"), ("additionalProperties", "object"),
        ("items", "array"), ("prefixItems", "array"), ("minItems", "array"), ("maxItems", "array"),
        ("minLength", "string"), ("maxLength", "string"), ("pattern", "string"), ("format", "string"),
        ("minimum", "number"), ("maximum", "number"), ("exclusiveMinimum", "number"), ("exclusiveMaximum", "number"),
    ];

    /// <summary>The types; where none is named, those that the other keywords are about, and otherwise all.</summary>
    public static IReadOnlyList<string> Of(IReadOnlyDictionary<string, JsonElement> members, string path)
    {
        List<string> types = members.TryGetValue("type", out var named)
            ? [.. SchemaMerge.Types(named, $"{path}.type").Distinct()]
            : [.. Hints.Where(hint => members.ContainsKey(hint.Keyword)).Select(hint => hint.Type).Distinct()];
        if (types.Find(type => !All.Contains(type)) is { } unknown)
            throw SchemaKeywords.Unusable($"{path}.type", $"is '{unknown}'; use {string.Join(", ", All)}");
        if (types.Count == 0)
            return !members.ContainsKey("type") ? [.. All.Where(type => type != "integer")] : throw SchemaKeywords.Unmeetable($"{path}.type", "no type is left");
        if (types.Contains("number"))
            types.Remove("integer");
        return types;
    }

    /// <summary>The values that a schema lists, as far as they are of its types.</summary>
    public static string Values(OrderedDictionary<string, JsonElement> members, IReadOnlyList<string> types, string path)
    {
        if (members.Keys.FirstOrDefault(name => name is not ("const" or "enum" or "type")) is { } other)
            throw SchemaKeywords.Unusable($"{path}.{other}", "stands beside listed values; leave it out and list those that keep it");
        IReadOnlyList<JsonElement> values = members.TryGetValue("enum", out var listed) ? SchemaKeywords.List(listed, $"{path}.enum") : [members["const"]];
        if (members.TryGetValue("const", out var only))
            values = [.. values.Where(value => JsonElement.DeepEquals(value, only))];
        string[] texts = [.. values.Where(value => types.Any(type => Is(value, type))).Select(JsonRules.Exactly).Distinct()];
        return texts.Length > 0 ? string.Join(" | ", texts) : throw SchemaKeywords.Unmeetable(path, "no listed value is of its type");
    }

    private static bool Is(JsonElement value, string type) => value.ValueKind switch
    {
        JsonValueKind.Object => type == "object",
        JsonValueKind.Array => type == "array",
        JsonValueKind.String => type == "string",
        JsonValueKind.Number => type == "number" || (type == "integer" && value.TryGetInt64(out _)),
        JsonValueKind.Null => type == "null",
        _ => type == "boolean",
    };
}
