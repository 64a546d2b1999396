using Hybrid.Engines.ChatTemplates;

namespace Hybrid.Tests.Engines.ChatTemplates;

/// <summary>A template comes with a file from elsewhere: what it may do is bounded.</summary>
public sealed class HostileTemplateTests
{
    public static TheoryData<string> Renders =>
    [
        "{% for a in range(65536) %}{% for b in range(65536) %}{% for c in range(65536) %}{% endfor %}{% endfor %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% set ns = namespace(s='0123456789') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{{ 'x' * 9223372036854775807 }}",
        "{{ [0] * 9223372036854775807 }}",
        "{{ range(99999999999) }}",
        "{% set x = [] %}{{ x.append(x) }}{{ x }}",
        "{% set x = [] %}{{ x.append(x) }}{{ x | tojson }}",
        "{% set x = [] %}{% set y = [] %}{{ x.append(x) }}{{ y.append(y) }}{{ x == y }}",
        "{% set s = 'ab' * 1000000 %}{% for i in range(65536) %}{% for j in range(65536) %}{{ 'c' if 'ba' * 3 ~ 'c' in s }}{% endfor %}{% endfor %}",
        "{% set s = 'ab' * 1000000 %}{% for i in range(65536) %}{% for c in s %}{% endfor %}{{ s.split('a') | length }}{% endfor %}",
        "{% for i in range(65536) %}{% set x = range(65536) %}{% endfor %}",
        "{% set d = dict() %}{% for i in range(65536) %}{{ ({('x' * 1000000): 1})['y' * 1000000] }}{% endfor %}",
        "{{ '\\\"\\\\ud800\\\"' | from_json }}",
        "{{ 9223372036854775807 + 1 }}{{ -9223372036854775807 - 2 }}",
    ];

    [Theory]
    [MemberData(nameof(Renders))]
    public void It_ends_with_an_error(string source)
    {
        var template = ChatTemplate.Parse(source);
        var error = Assert.Throws<HybridException>(() => template.Render(new() { Messages = [new("user", "x")] }));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
        Assert.Contains("line 1", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(", ")", 200_000)]
    [InlineData("[", "]", 200_000)]
    [InlineData("not ", "", 200_000)]
    [InlineData("-", "1", 500_000)]
    public void Deep_nesting_is_refused_when_it_is_read_or_rendered(string open, string close, int times)
    {
        var source = "{{ " + string.Concat(Enumerable.Repeat(open, times)) + "1" + string.Concat(Enumerable.Repeat(close, times)) + " }}";
        Assert.Throws<HybridException>(() => ChatTemplate.Parse(source).Render(new() { Messages = [] }));
    }

    [Theory]
    [InlineData("1+", 400_000)]
    [InlineData("x if 0 else ", 80_000)]
    public void A_long_chain_is_refused_or_rendered(string link, int times)
    {
        // How deep the stack goes depends on how far the code is compiled; that the process lives does not.
        var source = "{{ " + string.Concat(Enumerable.Repeat(link, times)) + "1 }}";
        var error = Record.Exception(() => ChatTemplate.Parse(source).Render(new() { Messages = [] }));
        Assert.True(error is null or HybridException, $"{error}");
    }

    [Fact]
    public void Deep_blocks_are_refused()
    {
        var source = string.Concat(Enumerable.Repeat("{% if 1 %}", 100_000));
        Assert.Contains("nests too deep", Assert.Throws<HybridException>(() => ChatTemplate.Parse(source)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_source_that_is_too_long_is_refused() =>
        Assert.Contains("characters", Assert.Throws<HybridException>(() => ChatTemplate.Parse(new string('x', (1 << 20) + 1))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("{% include 'x' %}", "'include'")]
    [InlineData("a\nb{{ 1 | pprint }}", "line 2, column 9: the filter 'pprint'")]
    [InlineData("{{ 1 is prime }}", "'prime'")]
    [InlineData("{{ 1 ? 2 }}", "'?'")]
    [InlineData("{% for x in y recursive %}{% endfor %}", "recursive")]
    public void What_is_not_known_is_named(string source, string construct) =>
        Assert.Contains(construct, Assert.Throws<HybridException>(() => ChatTemplate.Parse(source)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_long_chat_is_within_bounds()
    {
        var template = ChatTemplate.Parse(TemplateParityTests.Source("Qwen-Qwen3-0.6B"));
        var turns = Enumerable.Range(0, 4000).SelectMany(turn => new Hybrid.Targets.PromptMessage[] { new("user", $"Question {turn}"), new("assistant", $"<think>\n</think>\nAnswer {turn}") });
        Assert.Contains("Question 3999", template.Render(new() { Messages = [.. turns, new("user", "?")] }).Text, StringComparison.Ordinal);
    }
}
