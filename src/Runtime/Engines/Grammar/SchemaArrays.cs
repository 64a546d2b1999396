using System.Text.Json;

namespace Hybrid.Engines.Grammar;

/// <summary>Arrays: the first items by their places, the others alike.</summary>
internal sealed class SchemaArrays(JsonSchemaGrammar schemas, GbnfWriter rules)
{
    public string Write(OrderedDictionary<string, JsonElement> members, string path)
    {
        var least = SchemaKeywords.Count(members, "minItems", path) ?? 0;
        var most = SchemaKeywords.Count(members, "maxItems", path);
        if (most < least)
            throw SchemaKeywords.Unmeetable(path, $"minItems is {least} and maxItems {most}");
        var first = members.TryGetValue("prefixItems", out var prefix) ? SchemaKeywords.List(prefix, $"{path}.prefixItems") : [];
        var rest = members.TryGetValue("items", out var items) ? items : JsonElement.Parse("true");
        if (rest.ValueKind == JsonValueKind.Array)
            throw SchemaKeywords.Unusable($"{path}.items", "is an array; use prefixItems");
        if (rest.ValueKind == JsonValueKind.False)
            most = Math.Min(most ?? first.Count, first.Count);
        else if (first.Count > 0 && items.ValueKind == JsonValueKind.Undefined)
            most = Math.Min(most ?? Math.Max(first.Count, least), Math.Max(first.Count, least)); // Nothing is said of others: none come that need not.
        if (most < least)
            throw SchemaKeywords.Unmeetable(path, $"minItems is {least}, and no more than {most} may come");

        var ws = JsonRules.Space(rules);
        var kinds = first.Take(most ?? int.MaxValue).Select((schema, index) => schemas.Value(schema, $"{path}.prefixItems[{index}]")).ToList();
        var tail = most > kinds.Count || most is null ? Tail(schemas.Value(rest, $"{path}.items"), kinds.Count, least, most) : null;
        for (var i = kinds.Count - 1; i >= 0; i--)
        {
            var item = i == 0 ? kinds[i] : $"{ws} \",\" {ws} {kinds[i]}";
            tail = $"({item} {tail}){(i >= least ? "?" : "")}";
        }

        return rules.Add("array", $"\"[\" {ws} {(tail is null ? "" : rules.Add("items", tail))} {ws} \"]\"");
    }

    private string Tail(string item, int before, int least, int? most)
    {
        var ws = JsonRules.Space(rules);
        var next = $"({ws} \",\" {ws} {item})";
        if (before > 0)
            return $"{next}{{{Math.Max(0, least - before)},{most - before}}}";
        var all = most == 1 ? item : $"{item} {next}{{{Math.Max(0, least - 1)},{most - 1}}}";
        return least == 0 ? $"({all})?" : all;
    }
}
