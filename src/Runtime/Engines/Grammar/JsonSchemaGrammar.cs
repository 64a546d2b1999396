using System.Text.Json;

namespace Hybrid.Engines.Grammar;

/// <summary>Writes the grammar of the JSON texts that keep a schema. What it cannot keep it refuses by name; nothing is ignored.</summary>
/// <remarks>
/// Properties come in the order in which the schema declares them. Others are written only where <c>additionalProperties</c>
/// says so, or where none are declared. An answer that is cut off by its length is no whole text.
/// </remarks>
internal sealed class JsonSchemaGrammar
{
    private const int LongestSchema = 1 << 18;
    private const int DeepestSchema = 100;
    private const int MostValues = 20_000;
    private readonly GbnfWriter _rules;
    private readonly Dictionary<string, string> _references = new(StringComparer.Ordinal);
    private readonly JsonElement _document;
    private int _depth;
    private int _values;

    private JsonSchemaGrammar(GbnfWriter rules, JsonElement document) => (_rules, _document) = (rules, document);

    /// <summary>The grammar of any JSON object.</summary>
    public static string AnyObject()
    {
        var rules = new GbnfWriter();
        return rules.Write(JsonRules.Object(rules));
    }

    /// <summary>The grammar of a schema, as GBNF.</summary>
    /// <exception cref="HybridException">It is no schema, cannot be kept, or can never be met (<see cref="HybridError.InvalidRequest"/>).</exception>
    public static string Write(string schema)
    {
        if (schema.Length > LongestSchema)
            throw SchemaKeywords.Unusable("text", $"has {schema.Length} characters; use {LongestSchema} at most");
        try
        {
            var document = JsonElement.Parse(schema);
            var rules = new GbnfWriter();
            return rules.Write(Write(rules, document, document, "$"));
        }
        catch (JsonException exception)
        {
            throw new HybridException(HybridError.InvalidRequest, $"The JSON schema is not JSON: {exception.Message.TrimEnd('.')}. Nothing was decoded.", exception);
        }
    }

    /// <summary>Adds the rules of a schema; gives the name of its value's rule.</summary>
    /// <param name="rules">Where they are added.</param>
    /// <param name="document">What pointers lead into.</param>
    /// <param name="schema">The schema.</param>
    /// <param name="path">Names it in errors.</param>
    public static string Write(GbnfWriter rules, JsonElement document, JsonElement schema, string path) => new JsonSchemaGrammar(rules, document).Value(schema, path);

    /// <summary>The name of a rule for a value of a schema.</summary>
    public string Value(JsonElement schema, string path)
    {
        if (schema.ValueKind == JsonValueKind.True)
            return JsonRules.Value(_rules);
        if (schema.ValueKind == JsonValueKind.False)
            throw SchemaKeywords.Unmeetable(path, "it is false");
        if (++_values > MostValues || ++_depth > DeepestSchema)
            throw SchemaKeywords.Unusable(path, $"is more than {DeepestSchema} levels or {MostValues} values into the schema");
        var name = Value(SchemaKeywords.Read(schema, path), path);
        _depth--;
        return name;
    }

    private string Value(OrderedDictionary<string, JsonElement> members, string path)
    {
        if (members.Remove("$ref", out var reference))
        {
            var target = SchemaKeywords.Text(new Dictionary<string, JsonElement> { ["$ref"] = reference }, "$ref", path)!;
            return members.Count == 0 ? Reference(target, path) : Value(SchemaMerge.Both(Resolve(target, path), SchemaJson.Object(members), path), path);
        }

        if (members.Remove("allOf", out var all))
            return Value(All(SchemaJson.Object(members), SchemaKeywords.List(all, $"{path}.allOf"), path), path);
        if (members.ContainsKey("anyOf") && members.ContainsKey("oneOf"))
            throw SchemaKeywords.Unusable(path, "has both anyOf and oneOf");
        if (members.Remove("anyOf", out var any))
            return Any(SchemaJson.Object(members), SchemaKeywords.List(any, $"{path}.anyOf"), $"{path}.anyOf");
        if (members.Remove("oneOf", out var one))
        {
            var (own, parts) = (SchemaJson.Object(members), SchemaKeywords.List(one, $"{path}.oneOf"));
            SchemaOverlap.Refuse(Parts(own, parts, $"{path}.oneOf"), $"{path}.oneOf");
            return Any(own, parts, $"{path}.oneOf");
        }

        var types = SchemaTypes.Of(members, path);
        if (members.ContainsKey("const") || members.ContainsKey("enum"))
            return _rules.Add("enum", SchemaTypes.Values(members, types, path));
        return types.Count == 1 ? OfType(types[0], members, path) : _rules.Add("types", string.Join(" | ", types.Select(type => OfType(type, members, path))));
    }

    private string OfType(string type, OrderedDictionary<string, JsonElement> members, string path) => type switch
    {
        "object" => new SchemaObjects(this, _rules).Write(members, path),
        "array" => new SchemaArrays(this, _rules).Write(members, path),
        "string" => SchemaStrings.Write(_rules, members, path),
        "integer" or "number" => SchemaNumbers.Write(_rules, members, type == "integer", path),
        "boolean" => JsonRules.Boolean(_rules),
        _ => JsonRules.Null(_rules),
    };

    private string Reference(string target, string path)
    {
        if (_references.TryGetValue(target, out var known))
            return known;
        var name = _references[target] = _rules.Reserve("ref");
        _rules.Define(name, Value(Resolve(target, path), $"{path}({target})"));
        return name;
    }

    /// <summary>The schema that a pointer into the document names, through pointers to pointers.</summary>
    private JsonElement Resolve(string target, string path)
    {
        for (var step = 0; step < DeepestSchema; step++)
        {
            var found = Find(target, path);
            if (found.ValueKind != JsonValueKind.Object || !found.TryGetProperty("$ref", out var next) || found.EnumerateObject().Any(member => member.Name != "$ref" && !SchemaKeywords.IsNote(member.Name)))
                return found;
            target = next.GetString() ?? "";
        }

        throw SchemaKeywords.Unmeetable($"{path}.$ref", $"'{target}' leads back to itself");
    }

    private JsonElement Find(string target, string path)
    {
        var found = _document;
        var isKnown = target == "#" || target.StartsWith("#/", StringComparison.Ordinal);
        foreach (var part in isKnown ? target.Split('/')[1..] : [])
        {
            var name = Uri.UnescapeDataString(part).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            isKnown &= found.ValueKind == JsonValueKind.Object ? found.TryGetProperty(name, out found)
                : found.ValueKind == JsonValueKind.Array && int.TryParse(name, out var index) && index >= 0 && index < found.GetArrayLength() && (found = found[index]).ValueKind != JsonValueKind.Undefined;
            if (!isKnown)
                break;
        }

        return isKnown ? found : throw SchemaKeywords.Unusable($"{path}.$ref", $"names '{target}', which is not in the schema; use #/$defs/NAME");
    }

    private JsonElement All(JsonElement own, IReadOnlyList<JsonElement> parts, string path) =>
        parts.Select((part, index) => (Part: part, Path: $"{path}.allOf[{index}]"))
            .Aggregate(own, (merged, next) => SchemaMerge.Both(merged, Plain(next.Part, next.Path), next.Path));

    /// <summary>A part as it is behind its pointers and its own <c>allOf</c>.</summary>
    private JsonElement Plain(JsonElement part, string path)
    {
        if (++_values > MostValues || ++_depth > DeepestSchema)
            throw SchemaKeywords.Unusable(path, $"is more than {DeepestSchema} levels or {MostValues} values into the schema");
        if (part.ValueKind == JsonValueKind.Object)
        {
            var members = SchemaKeywords.Read(part, path);
            if (members.Remove("$ref", out var reference))
                part = SchemaMerge.Both(Plain(Resolve(reference.GetString() ?? "", path), path), SchemaJson.Object(members), path);
            else if (members.Remove("allOf", out var all))
                part = All(SchemaJson.Object(members), SchemaKeywords.List(all, $"{path}.allOf"), path);
        }

        _depth--;
        return part;
    }

    private List<JsonElement> Parts(JsonElement own, IReadOnlyList<JsonElement> parts, string path) =>
        [.. parts.Select((part, index) => SchemaMerge.Both(own, Plain(part, $"{path}[{index}]"), $"{path}[{index}]")).Where(part => part.ValueKind != JsonValueKind.False)];

    private string Any(JsonElement own, IReadOnlyList<JsonElement> parts, string path)
    {
        // Parts with a pointer and nothing beside them stay pointers: they may lead back here.
        var isPlain = !own.EnumerateObject().Any();
        var kept = isPlain ? [.. parts.Where(part => part.ValueKind != JsonValueKind.False)] : Parts(own, parts, path);
        return kept.Count > 0
            ? _rules.Add("any", string.Join(" | ", kept.Select((part, index) => Value(part, $"{path}[{index}]"))))
            : throw SchemaKeywords.Unmeetable(path, "it has no part that anything can meet");
    }
}
