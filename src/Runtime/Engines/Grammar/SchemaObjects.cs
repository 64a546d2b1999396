using System.Text;
using System.Text.Json;

namespace Hybrid.Engines.Grammar;

/// <summary>Objects: properties in their declared order, those that are not required may be left out.</summary>
internal sealed class SchemaObjects(JsonSchemaGrammar schemas, GbnfWriter rules)
{
    public string Write(OrderedDictionary<string, JsonElement> members, string path)
    {
        OrderedDictionary<string, JsonElement> declared = members.TryGetValue("properties", out var properties)
            ? properties.ValueKind == JsonValueKind.Object ? SchemaJson.Members(properties) : throw SchemaKeywords.Unusable($"{path}.properties", "is not an object")
            : [];
        HashSet<string> required = members.TryGetValue("required", out var listed) ? [.. SchemaMerge.Strings(listed, $"{path}.required")] : [];
        var others = members.TryGetValue("additionalProperties", out var rest) ? rest : JsonElement.Parse(declared.Count == 0 ? "true" : "false");
        foreach (var name in required.Where(name => !declared.ContainsKey(name)))
        {
            // By the schema alone anything may stand there, unless it says otherwise.
            declared[name] = !members.ContainsKey("additionalProperties") ? JsonElement.Parse("true")
                : others.ValueKind != JsonValueKind.False ? others
                : throw SchemaKeywords.Unmeetable(path, $"it requires the property '{name}' and forbids it");
        }

        var ws = JsonRules.Space(rules);
        var more = others.ValueKind == JsonValueKind.False ? null : Other(others, [.. declared.Keys], path);
        var behind = more is null ? "\"\"" : rules.Add("more", $"({ws} \",\" {ws} {more})*"); // what may follow a member
        string? first = more is null ? null : $"{more} {behind}"; // how the object may begin; null: not from here on
        var mayBeEmpty = true;
        foreach (var (name, schema) in declared.Reverse())
        {
            if (schema.ValueKind == JsonValueKind.False)
            {
                if (required.Contains(name))
                    throw SchemaKeywords.Unmeetable($"{path}.properties.{name}", "it is required and false");
                continue;
            }

            var member = rules.Add("member", $"{JsonRules.Key(rules, name)} {schemas.Value(schema, $"{path}.properties.{name}")}");
            var isRequired = required.Contains(name);
            var begin = $"{member} {behind}";
            first = isRequired || first is null ? begin : $"{begin} | {rules.Add("first", first)}";
            behind = rules.Add("rest", $"{ws} \",\" {ws} {member} {behind}{(isRequired ? "" : $" | {behind}")}");
            mayBeEmpty &= !isRequired;
        }

        var body = first is null ? "" : mayBeEmpty ? $"(({first}) {ws})?" : $"({first}) {ws}";
        return rules.Add("object", $"\"{{\" {ws} {body} \"}}\"");
    }

    private string Other(JsonElement schema, string[] declared, string path)
    {
        var ws = JsonRules.Space(rules);
        var key = declared.Length == 0 ? JsonRules.String(rules) : $"\"\\\"\" {OtherThan([.. declared.Select(name => SchemaJson.Quote(name)[1..^1].EnumerateRunes().ToArray())], 0)} \"\\\"\"";
        return rules.Add("other", $"{key} {ws} \":\" {ws} {schemas.Value(schema, $"{path}.additionalProperties")}");
    }

    /// <summary>Plain characters that are none of the words, from their character at a place on.</summary>
    private string OtherThan(List<Rune[]> words, int at)
    {
        var here = new StringBuilder();
        var parts = new List<string>();
        foreach (var group in words.Where(word => word.Length > at && word[at].Value != '\\').GroupBy(word => word[at])) // no plain characters spell an escape
        {
            here.Append(FormattableString.Invariant($"\\U{group.Key.Value:X8}"));
            parts.Add($"{GbnfWriter.Literal(group.Key.ToString())} {OtherThan([.. group], at + 1)}");
        }

        parts.Add($"{JsonRules.Plain.Replace("]", here + "]", StringComparison.Ordinal)} {JsonRules.Plain}*");
        if (at > 0 && !words.Exists(word => word.Length == at))
            parts.Add("\"\"");
        return rules.Add("key", string.Join(" | ", parts));
    }
}
