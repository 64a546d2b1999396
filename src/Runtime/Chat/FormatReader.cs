using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Chat;

/// <summary>The output format from chat options.</summary>
internal static class FormatReader
{
    public static OutputFormat? Read(ChatOptions options, HybridProperties properties) => (options.ResponseFormat, properties.Grammar) switch
    {
        (null or ChatResponseFormatText, null) => null,
        (null or ChatResponseFormatText, { } grammar) => new GrammarOutput(grammar),
        (ChatResponseFormatJson { Schema: { } schema } json, null) => new JsonSchemaOutput(schema.GetRawText(), json.SchemaName),
        (ChatResponseFormatJson, null) => new JsonOutput(),
        (ChatResponseFormatJson, _) => throw Invalid("JSON is asked for beside a grammar; use one of them"),
        var (other, _) => throw Invalid($"{other.GetType().Name} is not known; use text, JSON or a JSON schema"),
    };

    private static HybridException Invalid(string why) => new(HybridError.InvalidRequest, $"ChatOptions.ResponseFormat: {why}. Nothing was sent.");
}
