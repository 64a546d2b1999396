using Hybrid.Engines.ChatTemplates;
using Hybrid.Engines.Text;
using Hybrid.Targets;

namespace Hybrid.Engines.LlamaCpp;

/// <summary>Turns a prompt into the tokens that the model sees.</summary>
/// <remarks>
/// A continuation is appended to the rendered prompt as text, so that the answer goes on from its last character, be that in
/// the middle of a word; near that seam the text may have other tokens than those it was decoded as, and where these are known
/// they are appended instead. Control tokens come from the template alone: what a user types is text, even <c>&lt;|im_end|&gt;</c>.
/// </remarks>
internal sealed class PromptTokens(LlamaModel model, TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>The tokens of a prompt; tools are shown to a chat alone.</summary>
    public int[] Of(Prompt prompt, string continuation, IReadOnlyList<ToolDefinition>? tools = null) => prompt switch
    {
        MessagesPrompt chat => OfChat(chat.Messages, continuation, tools ?? []),
        TextPrompt text => NotEmpty(WithStart(model.Tokenize(text.Text + continuation, addSpecial: false, parseSpecial: false))),
        TokensPrompt tokens => NotEmpty([.. Checked(tokens.Tokens.ToArray()), .. model.Tokenize(continuation, addSpecial: false, parseSpecial: false)]),
        _ => throw Invalid($"A prompt of type {prompt.GetType().Name} is not known"),
    };

    /// <summary>The tokens that a continuation was decoded as; null where its text counts, because they are of another vocabulary or say something else.</summary>
    /// <param name="request">The question.</param>
    /// <param name="shown">The control tokens whose text is part of the answer.</param>
    /// <exception cref="HybridException">A token is not in the vocabulary that they are said to be of (<see cref="HybridError.InvalidRequest"/>).</exception>
    public IReadOnlyList<int>? Decoded(DecodeRequest request, IReadOnlySet<int> shown)
    {
        if (request.ContinuationTokens is not { } told || told.Vocabulary != model.File.VocabularyFingerprint)
            return null;
        var tokens = Checked(told.Tokens.ToArray());
        return Say(tokens, request.Continuation, shown) ? tokens : null;
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

    /// <summary>Whether the tokens, delivered as an answer's are, give exactly the text. An answer's end is none of them.</summary>
    private bool Say(IReadOnlyList<int> tokens, string continuation, IReadOnlySet<int> shown)
    {
        using var held = model.Hold();
        var text = new TextAssembler([]);
        var buffer = new byte[256];
        var rest = continuation.AsSpan();
        foreach (var token in tokens)
        {
            var piece = text.Append(model.Piece(token, buffer, special: shown.Contains(token)));
            if (model.IsEndOfGeneration(token) || !rest.StartsWith(piece, StringComparison.Ordinal))
                return false;
            rest = rest[piece.Length..];
        }

        return rest.IsEmpty && text.PendingBytes == 0;
    }

    private int[] OfChat(IReadOnlyList<PromptMessage> messages, string continuation, IReadOnlyList<ToolDefinition> tools)
    {
        if (model.Template is not { } template)
        {
            throw Invalid(model.TemplateProblem is { } problem
                ? $"The chat template of '{model.File.Path}' cannot be used ({problem.TrimEnd('.')}); use a text prompt that is rendered by you"
                : $"'{model.File.Path}' has no chat template; use a text prompt, or an instruction-tuned model");
        }

        if (messages.Count == 0)
            throw Invalid("The chat has no message");
        var rendered = template.Render(new()
        {
            Messages = model.FoldsSystemTurns ? SystemTurns.Fold(messages) : messages,
            Tools = tools,
            ArgumentsAsText = model.Tools is { ArgumentsAsText: true },
            BosToken = model.StartText,
            EosToken = model.EndText,
            Now = _time.GetLocalNow(),
        });
        return WithStart(Tokens(ControlCuts.Parts(rendered, continuation, model.ControlTexts)));
    }

    /// <summary>The parts' tokens one after the other, copied whole: one by one takes 10 ns each, and a prompt has thousands.</summary>
    private int[] Tokens(IReadOnlyList<string> parts)
    {
        int[] tokens = model.Tokenize(parts[0], addSpecial: false, parseSpecial: true);
        for (var i = 1; i < parts.Count; i++)
            tokens = [.. tokens, .. model.Tokenize(parts[i], addSpecial: false, parseSpecial: true)];
        return tokens;
    }

    /// <summary>Puts the start token first where the model asks for one and the template has not done so.</summary>
    private int[] WithStart(int[] tokens) =>
        model.StartToken is { } start && (tokens.Length == 0 || tokens[0] != start) ? [start, .. tokens] : tokens;

    private static int[] NotEmpty(int[] tokens) => tokens.Length > 0 ? tokens : throw Invalid("The prompt is empty");

    private static HybridException Invalid(string message) => new(HybridError.InvalidRequest, message + ". Nothing was decoded.");
}
