using System.Text.Json;

namespace Hybrid.Engines.Grammar;

/// <summary>Makes one schema of two that both hold.</summary>
internal static class SchemaMerge
{
    public static JsonElement Both(JsonElement left, JsonElement right, string path)
    {
        if (left.ValueKind == JsonValueKind.True || right.ValueKind == JsonValueKind.False)
            return right;
        if (right.ValueKind == JsonValueKind.True || left.ValueKind == JsonValueKind.False)
            return left;
        var (merged, others) = (SchemaKeywords.Read(left, path), SchemaKeywords.Read(right, path));
        RefuseClosed(merged, others, path);
        RefuseClosed(others, merged, path);
        foreach (var (name, value) in others)
        {
            if (!merged.TryGetValue(name, out var first))
                merged[name] = value;
            else if (!JsonElement.DeepEquals(first, value))
                merged[name] = Keyword(name, first, value, $"{path}.{name}");
        }

        return SchemaJson.Object(merged);
    }

    private static JsonElement Keyword(string name, JsonElement left, JsonElement right, string path)
    {
        switch (name)
        {
            case "properties":
                var all = SchemaJson.Members(left);
                foreach (var (property, schema) in SchemaJson.Members(right))
                    all[property] = all.TryGetValue(property, out var first) && !JsonElement.DeepEquals(first, schema) ? AllOf(first, schema) : schema;
                return SchemaJson.Object(all);
            case "required":
                return SchemaJson.Strings(Strings(left, path).Union(Strings(right, path)));
            case "type":
                return SchemaJson.Strings(Types(left, path).SelectMany(type => Types(right, path).Select(other => Narrower(type, other))).OfType<string>().Distinct());
            case "enum":
                var kept = SchemaKeywords.List(right, path);
                return SchemaJson.Array(SchemaKeywords.List(left, path).Where(value => kept.Any(other => JsonElement.DeepEquals(value, other))));
            case "minimum" or "exclusiveMinimum" or "minLength" or "minItems" when Number(left, right) is var (low, other):
                return low >= other ? left : right;
            case "maximum" or "exclusiveMaximum" or "maxLength" or "maxItems" when Number(left, right) is var (high, other):
                return high <= other ? left : right;
            case "additionalProperties":
                return AllOf(left, right);
            default:
                throw SchemaKeywords.Unusable(path, "is given twice for the same value, with different contents");
        }
    }

    /// <summary>A part that forbids other properties than its own cannot be joined with one that has others.</summary>
    private static void RefuseClosed(OrderedDictionary<string, JsonElement> closed, OrderedDictionary<string, JsonElement> other, string path)
    {
        if (!closed.TryGetValue("additionalProperties", out var rest) || rest.ValueKind == JsonValueKind.True || !other.TryGetValue("properties", out var properties))
            return;
        var own = closed.TryGetValue("properties", out var declared) ? SchemaJson.Members(declared) : [];
        if (SchemaJson.Members(properties).Keys.FirstOrDefault(name => !own.ContainsKey(name)) is { } foreign)
            throw SchemaKeywords.Unusable($"{path}.additionalProperties", $"forbids or restricts the property '{foreign}' of another part");
    }

    public static IEnumerable<string> Types(JsonElement value, string path) => value.ValueKind == JsonValueKind.String ? [value.GetString()!] : Strings(value, path);

    public static IEnumerable<string> Strings(JsonElement value, string path) => SchemaKeywords.List(value, path)
        .Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw SchemaKeywords.Unusable(path, "holds something other than strings"));

    private static string? Narrower(string left, string right) => (left, right) switch
    {
        _ when left == right => left,
        ("integer", "number") or ("number", "integer") => "integer",
        _ => null,
    };

    private static (double Left, double Right)? Number(JsonElement left, JsonElement right) =>
        left.ValueKind == JsonValueKind.Number && right.ValueKind == JsonValueKind.Number ? (left.GetDouble(), right.GetDouble()) : null;

    private static JsonElement AllOf(JsonElement left, JsonElement right) =>
        SchemaJson.Object([new("allOf", SchemaJson.Array([left, right]))]);
}
