using System.Text;
using Hybrid.Engines.Grammar;

namespace Hybrid.Tests.Engines.Grammar;

public sealed class GrammarTests
{
    private const string Deep = "root ::= item\nitem ::= \"(\" item* \")\" # nested\n";

    [Theory]
    [InlineData("root ::= \"a\" | \"b\" \"c\"", "bc", true)]
    [InlineData("root ::= \"a\" | \"b\" \"c\"", "ac", false)]
    [InlineData("root ::= [a-c]+ [^x-z]?", "abcd", true)]
    [InlineData("root ::= [a-c]+ [^x-z]?", "abcx", false)]
    [InlineData("root ::= \"ab\"{2,3}", "ababab", true)]
    [InlineData("root ::= \"ab\"{2,3}", "ab", false)]
    [InlineData("root ::= \"ab\"{2,3}", "abababab", false)]
    [InlineData("root ::= (\"a\" | \"b\"){2}", "ba", true)]
    [InlineData("root ::= \"x\"{3,}", "xxxxx", true)]
    [InlineData("root ::= \"x\"{3,}", "xx", false)]
    [InlineData("root ::= a\na ::= \"1\" b?\nb ::= \",\" a", "1,1,1", true)]
    [InlineData("root ::= a\na ::= \"1\" b?\nb ::= \",\" a", "1,1,", false)]
    [InlineData(Deep, "(()(()))", true)]
    [InlineData(Deep, "(()(())", false)]
    [InlineData("root ::= \"\\x41\\u00e9\\U0001F600\\n\\t\\\\\\\"\"", "Aé😀\n\t\\\"", true)]
    [InlineData("root ::= [à-ÿ]+ .", "éè\n", true)]
    [InlineData("root ::= [à-ÿ]+ .", "ée€x", false)]
    [InlineData("root ::= [^a]", "😀", true)]
    [InlineData("root ::= # nothing yet\n  \"a\" |\n  \"b\"\n\n", "b", true)]
    [InlineData("root ::= \"a\" (\n \"b\" # here\n | \"c\" )", "ac", true)]
    [InlineData("root ::= \"\" | \"a\"", "", true)]
    [InlineData("root ::= \"a\" \"a\"? \"a\"? \"b\"", "aab", true)]
    [InlineData("root ::= ([a-z] | [a-f])* \"!\"", "abcabc!", true)]
    [InlineData("root ::= [a\\-\\]^]+", "]-a^", true)]
    public void A_text_is_kept_or_not(string gbnf, string text, bool kept) => Assert.Equal(kept, TextWalk.Keeps(gbnf, text));

    [Fact]
    public void An_end_comes_only_where_the_grammar_may_end()
    {
        var constraint = new GrammarConstraint(GrammarRules.Parse("root ::= \"a\" \"b\"?"), TextWalk.Bytes);
        Assert.False(constraint.Allows(TextWalk.End));
        constraint.Accept('a');
        Assert.True(constraint.Allows(TextWalk.End));
        constraint.Accept('b');
        var logits = new float[TextWalk.End + 1];
        constraint.Mask(logits);
        Assert.Equal([TextWalk.End], Enumerable.Range(0, logits.Length).Where(token => logits[token] == 0));
    }

    [Theory]
    [InlineData(new byte[] { 0x80 })]
    [InlineData(new byte[] { 0xC0, 0x80 })]
    [InlineData(new byte[] { 0xC3, 0x28 })]
    [InlineData(new byte[] { 0xE0, 0x80, 0x80 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData(new byte[] { 0xF4, 0x90, 0x80, 0x80 })]
    [InlineData(new byte[] { 0xF8 })]
    public void Bytes_that_are_no_utf8_may_not_come(byte[] bytes)
    {
        var constraint = new GrammarConstraint(GrammarRules.Parse("root ::= .*"), TextWalk.Bytes);
        foreach (var value in bytes[..^1])
        {
            if (!constraint.Allows(value))
                return;
            constraint.Accept(value);
        }

        Assert.False(constraint.Allows(bytes[^1]));
    }

    [Fact]
    public void Half_a_character_comes_only_where_it_can_become_one_that_may()
    {
        var constraint = new GrammarConstraint(GrammarRules.Parse("root ::= \"é\""), TextWalk.Bytes);
        Assert.True(constraint.Allows(0xC3));
        Assert.False(constraint.Allows(0xC4));
        constraint.Accept(0xC3);
        Assert.True(constraint.Allows(0xA9));
        Assert.False(constraint.Allows(0xA8));
        Assert.False(constraint.Allows(TextWalk.End));
    }

    [Fact]
    public void A_token_may_reach_over_several_rules()
    {
        string[] tokens = ["{", "{\"a\":", "\"a\"", ": 1", "1}", ":1}", " ", "", "<end>"];
        var texts = new TokenTexts(tokens.Length, token => token == 8 ? [] : Encoding.UTF8.GetBytes(tokens[token]), token => token == 8);
        var constraint = new GrammarConstraint(GrammarRules.Parse("root ::= \"{\" key \":\" \"1\" \"}\"\nkey ::= \"\\\"a\\\"\""), texts);
        Assert.Equal([0, 1], Allowed(constraint, tokens.Length));
        constraint.Accept(0);
        Assert.Equal([2], Allowed(constraint, tokens.Length));
        constraint.Accept(2);
        Assert.Equal([5], Allowed(constraint, tokens.Length));
        constraint.Accept(5);
        Assert.Equal([8], Allowed(constraint, tokens.Length));
    }

    [Fact]
    public void Delivered_text_is_followed_first()
    {
        var constraint = new GrammarConstraint(GrammarRules.Parse("root ::= \"é{\" [0-9]+ \"}\""), TextWalk.Bytes);
        constraint.Follow("é{1");
        Assert.True(constraint.Allows('}'));
        Assert.False(constraint.Allows('{'));
        var error = Assert.Throws<HybridException>(() => constraint.Follow("x"));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
        Assert.Contains("continuation", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vocabulary_without_the_character_ends_the_request()
    {
        var texts = new TokenTexts(2, token => token == 0 ? "a"u8.ToArray() : [], token => token == 1);
        var constraint = new GrammarConstraint(GrammarRules.Parse("root ::= \"b\""), texts);
        Assert.Contains("vocabulary", Assert.Throws<HybridException>(() => constraint.Mask(new float[2])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_answer_forgets_what_it_learned_and_goes_on()
    {
        var constraint = new GrammarConstraint(GrammarRules.Parse("root ::= \"<\" inner \">\"\ninner ::= [^<>]*"), TextWalk.Bytes);
        constraint.Follow("<");
        constraint.Follow(string.Concat(Enumerable.Range(0x10000, 600_000).Select(char.ConvertFromUtf32)));
        Assert.False(constraint.Allows(TextWalk.End));
        Assert.True(constraint.Allows('>'));
        constraint.Accept('>');
        Assert.True(constraint.Allows(TextWalk.End));
    }

    [Fact]
    public void An_answer_that_is_nested_without_end_is_stopped()
    {
        var constraint = new GrammarConstraint(GrammarRules.Parse("root ::= \"[\" root* \"]\""), TextWalk.Bytes);
        var error = Assert.Throws<HybridException>(() => constraint.Follow(new string('[', 2_000_000)));
        Assert.Contains("nested too deep", error.Message, StringComparison.Ordinal);
    }

    private static int[] Allowed(GrammarConstraint constraint, int count)
    {
        var logits = new float[count];
        constraint.Mask(logits);
        var masked = Enumerable.Range(0, count).Where(token => logits[token] == 0).ToArray();
        Assert.Equal(masked, Enumerable.Range(0, count).Where(constraint.Allows));
        return masked;
    }
}
