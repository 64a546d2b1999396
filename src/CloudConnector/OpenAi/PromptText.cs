using Hybrid.Engines.ChatTemplates;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>A chat as the text that its model's template makes of it, for raw completions.</summary>
/// <remarks>The start token is left out: servers put it before a raw prompt themselves.</remarks>
internal sealed class PromptText(ChatTemplate template)
{
    private readonly bool _folds = SystemTurns.AreUnknown(template, "", "");

    /// <summary>The text up to the last character of what was said.</summary>
    /// <exception cref="HybridException">The template refuses the chat (<see cref="HybridError.InvalidRequest"/>).</exception>
    public string Of(MessagesPrompt chat, string continuation, DateTimeOffset now) => template.Render(new()
    {
        Messages = _folds ? SystemTurns.Fold(chat.Messages) : chat.Messages,
        Now = now,
    }).Text + continuation;
}
