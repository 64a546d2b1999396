using System.Text;
using Hybrid.Engines.Grammar;

namespace Hybrid.Tests.Engines.Grammar;

/// <summary>Walks texts through a grammar, with a vocabulary of single bytes and an end.</summary>
internal static class TextWalk
{
    public const int End = 256;

    public static TokenTexts Bytes { get; } = new(End + 1, token => token < End ? [(byte)token] : [], token => token == End);

    /// <summary>Whether the grammar keeps the whole text; <see cref="GrammarConstraint.Allows"/> and the mask must say the same at each byte.</summary>
    public static bool Keeps(string gbnf, string text)
    {
        var constraint = new GrammarConstraint(GrammarRules.Parse(gbnf), Bytes);
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            if (!Agrees(constraint, value))
                return false;
            constraint.Accept(value);
        }

        return Agrees(constraint, End);
    }

    public static bool KeepsSchema(string schema, string json) => Keeps(JsonSchemaGrammar.Write(schema), json);

    private static bool Agrees(GrammarConstraint constraint, int token)
    {
        var logits = new float[End + 1];
        var allowed = constraint.Allows(token);
        constraint.Mask(logits);
        Assert.Equal(allowed, logits[token] == 0);
        return allowed;
    }
}
