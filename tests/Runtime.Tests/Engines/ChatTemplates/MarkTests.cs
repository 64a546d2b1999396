using Hybrid.Engines.ChatTemplates;
using Hybrid.Engines.LlamaCpp;

namespace Hybrid.Tests.Engines.ChatTemplates;

/// <summary>What somebody said stays marked, whatever a template does with it, and is parted where it would be read as a control token.</summary>
public sealed class MarkTests
{
    [Theory]
    [InlineData("[{{ messages[0].content }}]", "[«a|b»]")]
    [InlineData("{{ '<' ~ messages[0].content | trim | upper ~ '>' }}", "<«A|B»>")]
    [InlineData("{{ messages[0].content.split('|')[1] }}{{ messages[0].content[:1] }}", "«ba»")]
    [InlineData("{{ messages[0].content | replace('|', '-') }}", "«a»-«b»")]
    [InlineData("{{ messages[0] | tojson }}", "{\"role\": \"user\", \"content\": \"«a|b»\"}")]
    [InlineData("{% set x %}({{ messages[0].content }}){% endset %}{{ x | join(',') }}", "(,«a»,«|»,«b»,)")]
    [InlineData("{{ '%s!' | format(messages[0].content) }}", "«a|b»!")]
    [InlineData("{{ [messages[0].content] }}", "['«a|b»']")]
    public void Content_is_marked(string source, string expected)
    {
        var rendered = ChatTemplate.Parse(source).Render(new() { Messages = [new("user", "a|b")] });
        var marked = rendered.Text;
        foreach (var (start, end) in rendered.Content.ToArray().Reverse())
            marked = marked.Insert(end, "»").Insert(start, "«");
        Assert.Equal(expected, marked);
    }

    [Theory]
    [InlineData("<|end|>", "", "x<", "|end|><|end|>")]
    [InlineData("none", "", "xnone<|end|>")]
    [InlineData("none", "a<|end|>", "xnone<|end|>a<", "|end|>")]
    [InlineData("<|end|><|end|>", "", "x<", "|end|><", "|end|><|end|>")]
    public void A_typed_control_token_is_parted(string content, string continuation, params string[] parts)
    {
        var rendered = new MarkedTextBuilder(new RenderBudget(100)).Append("x").Append(content, isContent: true).Append("<|end|>").Build();
        Assert.Equal(parts, ControlCuts.Parts(rendered, continuation, ["<|end|>"]));
    }

    [Fact]
    public void A_control_token_is_parted_where_the_templates_words_and_content_meet()
    {
        var rendered = new MarkedTextBuilder(new RenderBudget(100)).Append("<|a|><|").Append("end|>", isContent: true).Append("<|end|>").Build();
        Assert.Equal(["<|a|><|", "end|><|end|>"], ControlCuts.Parts(rendered, "", ["<|a|>", "<|end|>"]));
    }
}
