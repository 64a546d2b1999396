using System.Text.Json;

namespace Hybrid.Engines.Grammar;

/// <summary>Refuses a <c>oneOf</c> of which a value could meet two parts: a grammar cannot say "and not the other".</summary>
internal static class SchemaOverlap
{
    public static void Refuse(IReadOnlyList<JsonElement> parts, string path)
    {
        for (var i = 0; i < parts.Count; i++)
        {
            for (var j = i + 1; j < parts.Count; j++)
            {
                if (!AreApart(parts[i], parts[j], path))
                    throw SchemaKeywords.Unusable(path, $"has parts {i} and {j} that a value could meet both; give them different types, or a required property whose listed values differ, or use anyOf");
            }
        }
    }

    private static bool AreApart(JsonElement left, JsonElement right, string path)
    {
        if (left.ValueKind != JsonValueKind.Object || right.ValueKind != JsonValueKind.Object)
            return false;
        var (ours, theirs) = (SchemaJson.Members(left), SchemaJson.Members(right));
        if (Values(ours) is { } values && Values(theirs) is { } others)
            return !values.Any(value => others.Any(other => JsonElement.DeepEquals(value, other)));
        if (!ours.ContainsKey("type") || !theirs.ContainsKey("type"))
            return false;
        var shared = SchemaTypes.Of(ours, path).SelectMany(type => SchemaTypes.Of(theirs, path).Where(other => type == other || (type, other) is ("integer", "number") or ("number", "integer"))).ToList();
        return shared.Count == 0 || (shared is ["object"] && Required(ours, theirs, path));
    }

    private static bool Required(OrderedDictionary<string, JsonElement> left, OrderedDictionary<string, JsonElement> right, string path) =>
        Names(left, path).Intersect(Names(right, path)).Any(name =>
            left["properties"].TryGetProperty(name, out var ours) && right["properties"].TryGetProperty(name, out var theirs) && AreApart(ours, theirs, path));

    private static IEnumerable<string> Names(OrderedDictionary<string, JsonElement> members, string path) =>
        members.TryGetValue("required", out var required) && members.TryGetValue("properties", out var properties) && properties.ValueKind == JsonValueKind.Object
            ? SchemaMerge.Strings(required, path)
            : [];

    private static IReadOnlyList<JsonElement>? Values(OrderedDictionary<string, JsonElement> members) =>
        members.TryGetValue("const", out var only) ? [only]
        : members.TryGetValue("enum", out var listed) && listed.ValueKind == JsonValueKind.Array ? [.. listed.EnumerateArray()]
        : null;
}
