using Hybrid.Engines.ChatTemplates;
using Hybrid.Engines.ToolCalls;
using Hybrid.Targets;
using Hybrid.Tests.Engines.ChatTemplates;

namespace Hybrid.Tests.Engines.ToolCalls;

public sealed class ToolSupportTests
{
    [Theory]
    [InlineData("Qwen-Qwen2.5-7B-Instruct", "<tool_call>")]
    [InlineData("Qwen-Qwen3-0.6B", "<tool_call>")]
    [InlineData("NousResearch-Hermes-3-Llama-3.1-8B-tool_use", "<tool_call>")]
    [InlineData("meta-llama-Llama-3.1-8B-Instruct", "<|python_tag|>")]
    [InlineData("meta-llama-Llama-3.2-3B-Instruct", "<|python_tag|>")]
    [InlineData("mistralai-Mistral-Nemo-Instruct-2407", "[TOOL_CALLS]")]
    [InlineData("google-gemma-2-2b-it", null)]
    [InlineData("microsoft-Phi-3.5-mini-instruct", null)]
    [InlineData("deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", null)]
    public void The_form_of_calls_is_found_in_the_template(string name, string? opening) =>
        Assert.Equal(opening, ToolSupport.Probe(ChatTemplate.Parse(TemplateParityTests.Source(name)), "<s>", "</s>")?.Format.Opening);

    [Fact]
    public void A_template_that_takes_arguments_as_text_gets_them_so()
    {
        const string source = "{% for t in tools or [] %}{{ t | tojson }}{% endfor %}{% for m in messages %}{% for c in m.tool_calls or [] %}"
            + "{{ '<tool_call>{\"name\": \"' + c.function.name + '\", \"arguments\": ' + c.function.arguments + '}</tool_call>' }}{% endfor %}{% endfor %}";
        Assert.True(ToolSupport.Probe(ChatTemplate.Parse(source), "", "")!.ArgumentsAsText);
    }

    [Fact]
    public void A_call_is_named_alike_for_the_same_chat_and_otherwise_in_a_later_turn()
    {
        var support = new ToolSupport(ToolCallFormat.Tagged, false);
        var first = Id(new PromptMessage("user", "a"));
        Assert.Matches("^[A-Za-z0-9]{9}$", first);
        Assert.Equal(first, Id(new PromptMessage("user", "a")));
        Assert.NotEqual(first, Id(new PromptMessage("user", "a"), new("assistant", "b"), new("user", "a")));

        string Id(params PromptMessage[] messages) => support.Read(new() { Prompt = new MessagesPrompt(messages) })
            .Append("<tool_call>{\"name\":\"x\",\"arguments\":{}}</tool_call>")[0].Call!.Id;
    }
}
