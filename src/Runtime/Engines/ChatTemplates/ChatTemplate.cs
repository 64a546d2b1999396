using Hybrid.Targets;

namespace Hybrid.Engines.ChatTemplates;

/// <summary>A model file's chat template: the part of Jinja that such templates use, rendered as Hugging Face renders them.</summary>
/// <remarks>Immutable and thread-safe. What a template may do is bounded, so that a hostile one ends with an error.</remarks>
internal sealed class ChatTemplate
{
    private const int LongestSource = 1 << 20;
    private const long MessageAllowance = 500; // steps that a message takes beside its length
    private readonly IReadOnlyList<Statement> _body;

    private ChatTemplate(IReadOnlyList<Statement> body) => _body = body;

    /// <summary>Reads a template.</summary>
    /// <exception cref="HybridException">It holds something that is not known; the message says what and where.</exception>
    public static ChatTemplate Parse(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source.Length > LongestSource)
            throw TemplateLexer.Error(source, 0, $"it has {source.Length} characters, more than {LongestSource}");
        return new(TemplateParser.Parse(TemplateLexer.Normalise(source)));
    }

    /// <summary>The chat as the model was trained to see it; what somebody said is marked as content.</summary>
    /// <remarks>Control tokens may be read in the template's own words alone.</remarks>
    /// <exception cref="HybridException">The template refuses the chat, or does more than it may.</exception>
    public MarkedText Render(ChatInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var budget = new RenderBudget(ChatValues.Length(input) + (input.Messages.Count * MessageAllowance));
        var rendering = new Rendering(budget);
        var globals = Globals.Create(rendering, input.Now);
        globals.Set("messages", ChatValues.Messages(input, budget));
        globals.Set("tools", ChatValues.Tools(input, budget));
        globals.Set("documents", null);
        globals.Set("add_generation_prompt", input.AddGenerationPrompt);
        globals.Set("bos_token", new MarkedText(input.BosToken));
        globals.Set("eos_token", new MarkedText(input.EosToken));
        Statement.ExecuteAll(_body, globals.Inner());
        return rendering.Output.Build();
    }
}
