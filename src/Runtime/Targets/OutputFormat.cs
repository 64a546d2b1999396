namespace Hybrid.Targets;

/// <summary>What the text of an answer must be like, kept while decoding. An answer that its length cuts off is the beginning of such a text.</summary>
public abstract record OutputFormat
{
    private protected OutputFormat()
    {
    }

    /// <summary>What a target must be able to do to keep it.</summary>
    internal abstract TargetCapabilities Needs { get; }
}

/// <summary>Any JSON object.</summary>
public sealed record JsonOutput : OutputFormat
{
    internal override TargetCapabilities Needs => TargetCapabilities.Json;
}

/// <summary>JSON that keeps a schema; one that cannot be kept is refused (<see cref="HybridError.InvalidRequest"/>).</summary>
/// <param name="Schema">A JSON schema as text.</param>
/// <param name="Name">What it describes; null: nothing said.</param>
public sealed record JsonSchemaOutput(string Schema, string? Name = null) : OutputFormat
{
    internal override TargetCapabilities Needs => TargetCapabilities.Json;
}

/// <summary>Text that keeps a grammar; one that cannot be used is refused (<see cref="HybridError.InvalidRequest"/>).</summary>
/// <param name="Grammar">GBNF, llama.cpp's notation, with a rule <c>root</c>; tokens cannot be named in it.</param>
public sealed record GrammarOutput(string Grammar) : OutputFormat
{
    internal override TargetCapabilities Needs => TargetCapabilities.Grammar;
}
