using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Hybrid.Tests.Configuration;

/// <summary><c>docs/hybrid.schema.json</c>: the keywords that it uses, no more; an unknown one is an error.</summary>
internal static class SettingsSchema
{
    private static readonly HashSet<string> Known =
    [
        "$schema", "$defs", "title", "description", "type", "properties", "additionalProperties", "items", "enum", "default", "examples",
        "minimum", "maximum", "exclusiveMinimum", "pattern", "format",
    ];

    public static string Root { get; } = FindRoot();

    public static JsonObject Whole { get; } = (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(Root, "docs", "hybrid.schema.json")))!;

    /// <summary>The schema of the section <c>Hybrid</c>.</summary>
    public static JsonObject Section => Resolve((JsonObject)Whole["properties"]!["Hybrid"]!);

    /// <summary>A schema with what it refers to; its own keywords win.</summary>
    public static JsonObject Resolve(JsonObject schema)
    {
        if (schema["$ref"] is not { } reference)
            return schema;
        JsonNode found = Whole;
        foreach (var step in reference.GetValue<string>().Split('/').Skip(1))
            found = found[step] ?? throw new InvalidOperationException($"{reference} leads nowhere.");
        var merged = (JsonObject)Resolve((JsonObject)found).DeepClone();
        foreach (var (key, value) in schema.Where(pair => pair.Key != "$ref"))
            merged[key] = value?.DeepClone();
        return merged;
    }

    /// <summary>The fixed keys of an object; empty where there are none.</summary>
    public static IEnumerable<KeyValuePair<string, JsonObject>> Properties(JsonObject schema) =>
        (schema["properties"]?.AsObject() ?? []).Select(pair => KeyValuePair.Create(pair.Key, Resolve((JsonObject)pair.Value!)));

    /// <summary>What each entry under a free name must be; null where names are fixed, or anything may stand there.</summary>
    public static JsonObject? Entries(JsonObject schema) => schema["additionalProperties"] is JsonObject entry ? Resolve(entry) : null;

    public static bool IsClosed(JsonObject schema) => schema["additionalProperties"] is JsonValue value && !value.GetValue<bool>();

    public static string[] Types(JsonObject schema) => schema["type"] switch
    {
        null => [],
        JsonArray several => [.. several.Select(type => type!.GetValue<string>())],
        var one => [one.GetValue<string>()],
    };

    /// <summary>What in a document the schema does not allow, each with its path.</summary>
    public static IEnumerable<string> Errors(JsonNode? node, JsonObject schema, string path = "")
    {
        schema = Resolve(schema);
        if (schema.FirstOrDefault(keyword => !Known.Contains(keyword.Key)).Key is { } unknown)
            throw new InvalidOperationException($"{path}: this check does not know the keyword '{unknown}'; teach it.");
        if (Types(schema) is { Length: > 0 } types && !Array.Exists(types, type => Is(node, type)))
            yield return $"{path}: it is not {string.Join(" or ", types)}";
        if (schema["enum"] is JsonArray values && !values.Any(value => JsonNode.DeepEquals(value, node)))
            yield return $"{path}: {node?.ToJsonString()} is none of {values.ToJsonString()}";
        if (Is(node, "number"))
        {
            var number = node!.GetValue<double>();
            if (number < Limit("minimum") || number > Limit("maximum") || number <= Limit("exclusiveMinimum"))
                yield return $"{path}: {number} is out of range";
        }

        if (Is(node, "string") && schema["pattern"] is { } pattern && !Regex.IsMatch(node!.GetValue<string>(), pattern.GetValue<string>()))
            yield return $"{path}: '{node}' does not look like {pattern}";
        if (node is JsonArray items && schema["items"] is JsonObject item)
        {
            foreach (var error in items.SelectMany((one, i) => Errors(one, item, $"{path}:{i}")))
                yield return error;
        }

        if (node is not JsonObject section)
            yield break;
        var properties = Properties(schema).ToDictionary();
        foreach (var (key, value) in section)
        {
            if ((properties.GetValueOrDefault(key) ?? Entries(schema)) is not { } known)
            {
                if (IsClosed(schema))
                    yield return $"{path}:{key}: there is no such key";
                continue;
            }

            foreach (var error in Errors(value, known, $"{path}:{key}"))
                yield return error;
        }

        double? Limit(string keyword) => schema[keyword]?.GetValue<double>();
    }

    private static bool Is(JsonNode? node, string type) => type switch
    {
        "object" => node is JsonObject,
        "array" => node is JsonArray,
        "string" => node is JsonValue value && value.GetValueKind() == System.Text.Json.JsonValueKind.String,
        "boolean" => node is JsonValue value && value.GetValueKind() is System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False,
        "number" => node is JsonValue value && value.GetValueKind() == System.Text.Json.JsonValueKind.Number,
        "integer" => Is(node, "number") && double.IsInteger(node!.GetValue<double>()),
        _ => throw new InvalidOperationException($"This check does not know the type '{type}'; teach it."),
    };

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Hybrid.sln")))
            folder = folder.Parent!;
        return folder.FullName;
    }
}
