using Hybrid.Targets;

namespace Hybrid.Engines.LlamaCpp;

/// <summary>Turns a prompt into the tokens that the model sees.</summary>
/// <remarks>
/// A continuation is appended to the rendered prompt as text, so that the answer goes on from its last character, be that in
/// the middle of a word. Control tokens come from the template alone: what a user types is text, even <c>&lt;|im_end|&gt;</c>.
/// </remarks>
internal sealed class PromptTokens(LlamaModel model)
{
    // Unicode noncharacters; one that no text holds parts a control token's text that somebody typed, and is then cut out.
    private const char FirstCut = '\uFDD0';
    private const char LastCut = '\uFDEF';

    public int[] Of(Prompt prompt, string continuation) => prompt switch
    {
        MessagesPrompt chat => OfChat(chat.Messages, continuation),
        TextPrompt text => NotEmpty(WithStart(model.Tokenize(text.Text + continuation, addSpecial: false, parseSpecial: false))),
        TokensPrompt tokens => NotEmpty([.. Checked(tokens.Tokens.ToArray()), .. model.Tokenize(continuation, addSpecial: false, parseSpecial: false)]),
        _ => throw Invalid($"A prompt of type {prompt.GetType().Name} is not known"),
    };

    private int[] OfChat(IReadOnlyList<PromptMessage> messages, string continuation)
    {
        if (model.Template is not { } template)
        {
            throw Invalid(model.File.ChatTemplate is null
                ? $"'{model.File.Path}' has no chat template; use a text prompt, or an instruction-tuned model"
                : $"The chat template of '{model.File.Path}' is not one that llama.cpp recognises; use a text prompt that is rendered by you");
        }

        if (messages.Count == 0)
            throw Invalid("The chat has no message");
        var cut = CutFor(messages, continuation);
        var guarded = messages.Select(message => new PromptMessage(Guard(message.Role, cut), Guard(message.Text, cut))).ToArray();
        var rendered = template.Render(guarded) + Guard(continuation, cut);
        return WithStart(rendered.Contains(cut, StringComparison.Ordinal)
            ? [.. rendered.Split(cut).SelectMany(part => model.Tokenize(part, addSpecial: false, parseSpecial: true))]
            : model.Tokenize(rendered, addSpecial: false, parseSpecial: true));
    }

    /// <summary>Puts the start token first where the model asks for one and the template has not done so.</summary>
    private int[] WithStart(int[] tokens) =>
        model.StartToken is { } start && (tokens.Length == 0 || tokens[0] != start) ? [start, .. tokens] : tokens;

    private static char CutFor(IReadOnlyList<PromptMessage> messages, string continuation)
    {
        for (var cut = FirstCut; cut <= LastCut; cut++)
        {
            if (!continuation.Contains(cut) && !messages.Any(message => message.Text.Contains(cut) || message.Role.Contains(cut)))
                return cut;
        }

        throw Invalid("The chat holds every noncharacter from U+FDD0 to U+FDEF; take them out");
    }

    /// <summary>Parts whatever would be read as a control token; other text comes back as it is.</summary>
    private string Guard(string text, char cut)
    {
        foreach (var control in model.ControlTexts)
        {
            if (text.Contains(control, StringComparison.Ordinal))
                text = text.Replace(control, control[..1] + cut + control[1..], StringComparison.Ordinal);
        }

        return text;
    }

    /// <summary>The same ids, all of them in the vocabulary.</summary>
    public IReadOnlyList<int> Checked(IReadOnlyList<int> tokens)
    {
        foreach (var token in tokens)
        {
            if (token < 0 || token >= model.VocabularySize)
                throw Invalid($"Token {token} is not in the vocabulary of {model.VocabularySize}");
        }

        return tokens;
    }

    private static int[] NotEmpty(int[] tokens) => tokens.Length > 0 ? tokens : throw Invalid("The prompt is empty");

    private static HybridException Invalid(string message) => new(HybridError.InvalidRequest, message + ". Nothing was decoded.");
}
