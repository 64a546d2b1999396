namespace Hybrid.Engines.Grammar;

/// <summary>A grammar that is ready for use: every rule is there, none calls itself without a character before it, and each can end.</summary>
/// <remarks>
/// The symbols of all alternatives stand behind one another, each alternative with <see cref="End"/> at its end. An odd symbol
/// is twice a rule's number and one, an even one twice that of a set of characters.
/// </remarks>
internal sealed class GrammarRules
{
    public const int End = -1;

    private GrammarRules(int[] symbols, int[][] alternatives, CharacterSet[] sets, int root) =>
        (Symbols, Alternatives, Sets, Root) = (symbols, alternatives, sets, root);

    public int[] Symbols { get; }

    /// <summary>Where each rule's alternatives begin.</summary>
    public int[][] Alternatives { get; }

    public CharacterSet[] Sets { get; }

    /// <summary>The number of the rule that a whole text keeps.</summary>
    public int Root { get; }

    /// <summary>Reads GBNF, the grammar notation of llama.cpp.</summary>
    /// <exception cref="HybridException">It is none, or one that no text can keep (<see cref="HybridError.InvalidRequest"/>).</exception>
    public static GrammarRules Parse(string text)
    {
        var grammar = new GrammarParser(text).Read();
        var rules = new GrammarRules([.. grammar.Symbols], [.. grammar.Alternatives.Select(starts => starts.ToArray())], [.. grammar.Sets], grammar.Root);
        GrammarChecks.Check(rules, grammar.NameOf);
        return rules;
    }

    public static bool IsRule(int symbol) => (symbol & 1) != 0 && symbol != End;

    public static HybridException Invalid(string message) => new(HybridError.InvalidRequest, $"The grammar cannot be used: {message}. Nothing was decoded.");
}
