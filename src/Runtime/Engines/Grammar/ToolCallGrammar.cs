using System.Text.Json;
using Hybrid.Engines.ToolCalls;
using Hybrid.Targets;

namespace Hybrid.Engines.Grammar;

/// <summary>The grammar of an answer that is one call, written as the model writes calls.</summary>
internal static class ToolCallGrammar
{
    private static readonly JsonElement AnyObject = JsonElement.Parse("""{"type":"object"}""");

    /// <summary>As GBNF.</summary>
    /// <param name="format">How the model writes calls.</param>
    /// <param name="tools">Those that may be called.</param>
    /// <exception cref="HybridException">The arguments of a tool cannot be kept to its schema (<see cref="HybridError.InvalidRequest"/>).</exception>
    public static string Write(ToolCallFormat format, IEnumerable<ToolDefinition> tools)
    {
        var rules = new GbnfWriter();
        var ws = JsonRules.Space(rules);
        var calls = rules.Add("call", string.Join(" | ", tools.Select(tool => Call(rules, format, tool))));
        var body = format.IsList ? $"\"[\" {ws} {calls} {ws} \"]\"" : calls;
        var marked = format.IsBare ? body : $"{GbnfWriter.Literal(format.Opening)} {ws} {body}";
        return rules.Write(format.Closing.Length == 0 ? marked : $"{marked} {ws} {GbnfWriter.Literal(format.Closing)}");
    }

    private static string Call(GbnfWriter rules, ToolCallFormat format, ToolDefinition tool)
    {
        var ws = JsonRules.Space(rules);
        var path = $"tools.{tool.Name}";
        var arguments = JsonSchemaGrammar.Write(rules, tool.Parameters, SchemaMerge.Both(tool.Parameters, AnyObject, path), path);
        return $"\"{{\" {ws} {JsonRules.Key(rules, "name")} {GbnfWriter.Literal(SchemaJson.Quote(tool.Name))} {ws} \",\" {ws} {JsonRules.Key(rules, format.ArgumentsKey)} {arguments} {ws} \"}}\"";
    }
}
