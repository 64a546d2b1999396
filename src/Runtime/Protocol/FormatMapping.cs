using Hybrid.Targets;

namespace Hybrid.Protocol;

/// <summary>Output formats between <c>decode.proto</c> and the types of the SDK.</summary>
internal static class FormatMapping
{
    public static void Write(OutputFormat? format, GenerateRequest message)
    {
        switch (format)
        {
            case JsonOutput:
                message.Json = new JsonFormat();
                break;
            case JsonSchemaOutput schema:
                message.JsonSchema = new JsonSchemaFormat { Schema = schema.Schema, Name = schema.Name ?? "" };
                break;
            case GrammarOutput grammar:
                message.Grammar = grammar.Grammar;
                break;
        }
    }

    public static OutputFormat? Read(GenerateRequest message) => message.FormatCase switch
    {
        GenerateRequest.FormatOneofCase.Json => new JsonOutput(),
        GenerateRequest.FormatOneofCase.JsonSchema => new JsonSchemaOutput(message.JsonSchema.Schema, message.JsonSchema.Name is { Length: > 0 } name ? name : null),
        GenerateRequest.FormatOneofCase.Grammar => new GrammarOutput(message.Grammar),
        _ => null,
    };
}
