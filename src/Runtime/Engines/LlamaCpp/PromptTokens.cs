using Hybrid.Targets;

namespace Hybrid.Engines.LlamaCpp;

/// <summary>Turns a prompt into the tokens that the model sees.</summary>
/// <remarks>
/// A continuation is appended to the rendered prompt as text, so that the answer goes on from its last character, be that in
/// the middle of a word. Control tokens come from the template alone: what a user types is text, even <c>&lt;|im_end|&gt;</c>.
/// </remarks>
internal sealed class PromptTokens(LlamaModel model)
{
    // A Unicode noncharacter that no text should hold; it parts a control token's text that somebody typed, and is then cut out.
    private const char Cut = '\uFDD0';

    public int[] Of(Prompt prompt, string continuation) => prompt switch
    {
        MessagesPrompt chat => OfChat(chat.Messages, continuation),
        TextPrompt text => NotEmpty(model.Tokenize(text.Text + continuation, addSpecial: true, parseSpecial: false)),
        TokensPrompt tokens => NotEmpty([.. Checked(tokens.Tokens), .. model.Tokenize(continuation, addSpecial: false, parseSpecial: false)]),
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
        var rendered = template.Render([.. messages.Select(message => message with { Text = Guard(message.Text) })]) + Guard(continuation);
        if (!rendered.Contains(Cut, StringComparison.Ordinal))
            return model.Tokenize(rendered, addSpecial: false, parseSpecial: true);
        return [.. rendered.Split(Cut).SelectMany(part => model.Tokenize(part, addSpecial: false, parseSpecial: true))];
    }

    /// <summary>Parts whatever would be read as a control token; other text comes back as it is.</summary>
    private string Guard(string text)
    {
        foreach (var control in model.ControlTexts)
        {
            if (text.Contains(control, StringComparison.Ordinal))
                text = text.Replace(control, control[..1] + Cut + control[1..], StringComparison.Ordinal);
        }

        return text;
    }

    private int[] Checked(ReadOnlyMemory<int> tokens)
    {
        foreach (var token in tokens.Span)
        {
            if (token < 0 || token >= model.VocabularySize)
                throw Invalid($"Token {token} is not in the vocabulary of {model.VocabularySize}");
        }

        return tokens.ToArray();
    }

    private static int[] NotEmpty(int[] tokens) => tokens.Length > 0 ? tokens : throw Invalid("The prompt is empty");

    private static HybridException Invalid(string message) => new(HybridError.InvalidRequest, message + ". Nothing was decoded.");
}
