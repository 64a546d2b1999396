using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.OpenAi;

/// <summary>What an answer must be like: <c>response_format</c>, or <c>grammar</c> as llama-server has it.</summary>
internal static class FormatFields
{
    private const string Field = "response_format";

    public static OutputFormat? Read(RequestFields fields)
    {
        var grammar = fields.Text("grammar");
        OutputFormat? format = fields.Take(Field) is { } value ? ReadFormat(value) : null;
        if (grammar is null)
            return format;
        return format is null ? new GrammarOutput(grammar) : throw OpenAiException.Invalid("grammar", $"'grammar' is given beside '{Field}'; use one of them.");
    }

    private static OutputFormat? ReadFormat(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw OpenAiException.Invalid(Field, $"'{Field}' must be an object.");
        var fields = new RequestFields(value);
        OutputFormat? format = fields.Text("type") switch
        {
            "text" => null,
            "json_object" => new JsonOutput(),
            "json_schema" => ReadSchema(fields.Take("json_schema")),
            var other => throw OpenAiException.Invalid(Field, $"'{Field}.type' is '{other}'; it must be text, json_object or json_schema."),
        };
        fields.RefuseRest();
        return format;
    }

    private static JsonSchemaOutput ReadSchema(JsonElement? value)
    {
        const string Path = Field + ".json_schema";
        if (value is not { ValueKind: JsonValueKind.Object } described)
            throw OpenAiException.Invalid(Path, $"'{Path}' must be an object.");
        var fields = new RequestFields(described);
        if (fields.Take("schema") is not { ValueKind: JsonValueKind.Object } schema)
            throw OpenAiException.Invalid(Path + ".schema", $"'{Path}.schema' must be a JSON schema object.");
        var format = new JsonSchemaOutput(schema.GetRawText(), fields.Text("name"));
        _ = (fields.Flag("strict"), fields.Text("description")); // The schema is kept, whatever they say.
        fields.RefuseRest();
        return format;
    }
}
