using System.Text;
using Hybrid.Engines.Grammar;

namespace Hybrid.Tests.Engines.Grammar;

/// <summary>Grammars from a stranger: each is refused by name, or kept within bounds; none takes the process or the decode thread with it.</summary>
public sealed class HostileGrammarTests
{
    public static TheoryData<string, string> Refused { get; } = new()
    {
        { "", "no rule 'root'" },
        { "   \n\t # only a comment", "no rule 'root'" },
        { "start ::= \"a\"", "no rule 'root'" },
        { "root", "'::='" },
        { "root :: = \"a\"", "'::='" },
        { "root ::= missing", "'missing' is used and not defined" },
        { "root ::= root \"a\" | \"b\"", "left recursion" },
        { "root ::= a\na ::= b \"x\"\nb ::= a | \"y\"", "left recursion" },
        { "root ::= e root \"x\" | \"y\"\ne ::= f\nf ::= \"\" | \"z\"", "left recursion" },
        { "root ::= (\"a\"?)*", "left recursion" },
        { "root ::= root", "goes on for ever" },
        { "root ::= \"a\" root", "goes on for ever" },
        { "root ::= \"a\" | b\nb ::= \"b\" b", "'b'" },
        { "root ::= (\"a\"", "')'" },
        { "root ::= \"a\")", "a new line" },
        { "root ::= [a-z", "within quotes or brackets" },
        { "root ::= \"abc", "within quotes or brackets" },
        { "root ::= \"abc\\", "within an escape" },
        { "root ::= \"\\q\"", "escape is not known" },
        { "root ::= \"\\x4\"", "hexadecimal" },
        { "root ::= \"\\uD83\"", "hexadecimal" },
        { "root ::= \"\\UFFFFFFFF\"", "hexadecimal" },
        { "root ::= []", "empty" },
        { "root ::= [^]", "empty" },
        { "root ::= [^\\x00-\\U0010FFFF]", "no character" },
        { "root ::= [z-a]", "ends before it begins" },
        { "root ::= *", "nothing before" },
        { "root ::= \"\"*", "nothing before" },
        { "root ::= \"a\" | +", "nothing before" },
        { "root ::= \"a\"{5,2}", "at least 5" },
        { "root ::= \"a\"{", "number" },
        { "root ::= \"a\"{1,2", "'}'" },
        { "root ::= \"a\"{99999999999999999999}", "10000 repetitions" },
        { "root ::= \"a\"{1,4294967297}", "10000 repetitions" },
        { "root ::= \"a\"\nroot ::= \"b\"", "second time" },
        { "root ::= <think>", "token" },
        { "root ::= !<[1]>", "token" },
        { "root ::= \"a\\0\"", "escape is not known" },
        { "root ::= \"a\0b\"", "zero" },
        { "root ::= \"\ud800\"", "surrogate" },
        { "root ::= %", "a new line" },
        { "::= \"a\"", "name" },
        { "root ::= \"a\"{10000} | " + string.Join(" | ", Enumerable.Repeat("\"a\"{9999}", 200)), "symbols" },
        { "root ::= " + new string('(', 5000) + "\"a\"" + new string(')', 5000), "deep" },
        { "root ::= \"" + new string('a', 1 << 20) + "\"", "characters" },
        { "root ::= r0\n" + Chain(50_000) + "r50000 ::= r0", "goes on for ever" },
        { "root ::= r0\n" + Chain(50_000) + "r50000 ::= r0 | \"a\"", "left recursion" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void A_grammar_that_cannot_be_used_is_refused_by_name(string gbnf, string reason)
    {
        var error = Assert.Throws<HybridException>(() => GrammarRules.Parse(gbnf));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.EndsWith("Nothing was decoded.", error.Message, StringComparison.Ordinal);
        Assert.True(error.Message.Length < 400);
    }

    /// <summary>Each doubles or trebles the open ways with every character; llama.cpp's own sampler needs hours for 30 of them.</summary>
    [Theory]
    [InlineData("root ::= s\ns ::= \"a\" s \"b\" | \"a\" s \"c\" | \"d\"")]
    [InlineData("root ::= s\ns ::= s1 | s2 | s3\ns1 ::= \"a\" s \"b\"\ns2 ::= \"a\" s \"c\"\ns3 ::= \"a\" s \"d\" | \"e\"")]
    [InlineData("root ::= s\ns ::= [a-z] s [a-y] | [a-z] s [b-z] | \"!\"")]
    public void A_grammar_that_grows_with_every_character_ends_the_request(string gbnf)
    {
        var constraint = new GrammarConstraint(GrammarRules.Parse(gbnf), TextWalk.Bytes);
        var error = Assert.Throws<HybridException>(() =>
        {
            for (var i = 0; i < 1000; i++)
                constraint.Accept('a');
        });
        Assert.Equal(HybridError.InvalidRequest, error.Error);
        Assert.Contains("ambiguous", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("root ::= s\ns ::= \"a\" s \"b\" | \"a\" s \"c\" | \"d\"")]
    [InlineData("root ::= (\"a\" | \"a\" | \"a\" | [a-c])* \"!\"")]
    [InlineData("root ::= \"a\"* \"a\"* \"a\"* \"a\"* \"a\"* \"a\"* \"a\"* \"a\"* \"b\"")]
    public void A_long_token_costs_no_more_than_its_bound(string gbnf)
    {
        string[] tokens = [.. Enumerable.Range(1, 200).Select(length => new string('a', length) + "?"), "a", "<end>"];
        var texts = new TokenTexts(tokens.Length, token => token == 201 ? [] : Encoding.UTF8.GetBytes(tokens[token]), token => token == 201);
        var constraint = new GrammarConstraint(GrammarRules.Parse(gbnf), texts);
        var logits = new float[tokens.Length];
        try
        {
            constraint.Mask(logits);
            Assert.Equal([200], Enumerable.Range(0, logits.Length).Where(token => logits[token] == 0));
        }
        catch (HybridException error)
        {
            Assert.Contains("ambiguous", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_chain_of_rules_with_two_ways_each_is_refused_at_once()
    {
        var rules = new StringBuilder("root ::= r0\n");
        for (var i = 0; i < 2000; i++)
            rules.Append(FormattableString.Invariant($"r{i} ::= r{i + 1} | r{i + 1} \"q\"\n"));
        rules.Append("r2000 ::= \"z\"\n");
        var grammar = GrammarRules.Parse(rules.ToString());
        Assert.Contains("ambiguous", Assert.Throws<HybridException>(() => new GrammarConstraint(grammar, TextWalk.Bytes)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_listing_of_thousands_is_kept()
    {
        var gbnf = "root ::= " + string.Join(" | ", Enumerable.Range(0, 4000).Select(number => $"\"{number}\""));
        Assert.True(TextWalk.Keeps(gbnf, "3999"));
        Assert.False(TextWalk.Keeps(gbnf, "4000"));
    }

    private static string Chain(int length)
    {
        var rules = new StringBuilder();
        for (var i = 0; i < length; i++)
            rules.Append(FormattableString.Invariant($"r{i} ::= r{i + 1}\n"));
        return rules.ToString();
    }
}
