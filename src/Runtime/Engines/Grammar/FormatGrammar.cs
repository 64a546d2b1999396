using Hybrid.Targets;

namespace Hybrid.Engines.Grammar;

/// <summary>The grammar of an output format.</summary>
internal static class FormatGrammar
{
    /// <summary>As GBNF.</summary>
    /// <exception cref="HybridException">It cannot be kept (<see cref="HybridError.InvalidRequest"/>).</exception>
    public static string Write(OutputFormat format) => format switch
    {
        JsonOutput => JsonSchemaGrammar.AnyObject(),
        JsonSchemaOutput schema => JsonSchemaGrammar.Write(schema.Schema),
        GrammarOutput grammar => grammar.Grammar,
        _ => throw new HybridException(HybridError.InvalidRequest, $"An output format of type {format.GetType().Name} is not known. Nothing was decoded."),
    };
}
