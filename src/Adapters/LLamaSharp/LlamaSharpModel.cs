using System.Text;
using Hybrid.Engines.ChatTemplates;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;
using LLama;
using LLama.Native;

namespace Hybrid.Adapters.LLamaSharp;

/// <summary>Weights with their vocabulary and chat template. Thread-safe.</summary>
internal sealed class LlamaSharpModel
{
    /// <summary>What holds llama.cpp then, for errors.</summary>
    public const string Library = "LLamaSharp 0.28 (llama.cpp c0c7e147)";

    private readonly TimeProvider _time;
    private readonly string? _templateProblem;
    private readonly bool _foldsSystemTurns;
    private readonly IReadOnlyList<string> _controlTexts;
    private readonly string _startText;
    private readonly string _endText;
    private readonly LLamaToken? _start;

    public LlamaSharpModel(LLamaWeights weights, string name, TimeProvider time)
    {
        (Weights, Name, _time) = (weights, name, time);
        var vocabulary = weights.Vocab;
        Size = vocabulary.Count;
        _start = vocabulary.ShouldAddBOS ? vocabulary.BOS : null;
        _startText = vocabulary.LLamaTokenToString(vocabulary.BOS, isSpecialToken: true) ?? "";
        _endText = vocabulary.LLamaTokenToString(vocabulary.EOS, isSpecialToken: true) ?? "";
        (Template, _templateProblem) = ReadTemplate(weights.Metadata.GetValueOrDefault("tokenizer.chat_template"));
        _foldsSystemTurns = Template is not null && SystemTurns.AreUnknown(Template, _startText, _endText);
        _controlTexts = [.. Enumerable.Range(0, Size).Select(id => (LLamaToken)id).Where(token => token.IsControl(vocabulary))
            .Select(token => vocabulary.LLamaTokenToString(token, isSpecialToken: true) ?? "").Where(text => text.Length > 1)];
    }

    public LLamaWeights Weights { get; }

    /// <summary>For errors.</summary>
    public string Name { get; }

    /// <summary>Tokens in the vocabulary.</summary>
    public int Size { get; }

    /// <summary>Null where the model has none, or one that is not understood.</summary>
    public ChatTemplate? Template { get; }

    public bool IsEnd(int token) => ((LLamaToken)token).IsEndOfGeneration(Weights.Vocab);

    /// <summary>The bytes of a token; a control token has none.</summary>
    public ReadOnlySpan<byte> Piece(int token, ref byte[] buffer)
    {
        var length = (int)Weights.NativeHandle.TokenToSpan(token, buffer);
        if (length > buffer.Length)
        {
            buffer = new byte[length];
            length = (int)Weights.NativeHandle.TokenToSpan(token, buffer);
        }

        return buffer.AsSpan(0, length);
    }

    /// <summary>The tokens that the model sees; control tokens come from the template alone.</summary>
    public LLamaToken[] Tokens(Prompt prompt, string continuation) => prompt switch
    {
        MessagesPrompt chat => Chat(chat.Messages, continuation),
        TextPrompt text => NotEmpty(WithStart(Tokenize(text.Text + continuation, special: false))),
        TokensPrompt tokens => NotEmpty([.. Checked(tokens.Tokens), .. Tokenize(continuation, special: false)]),
        _ => throw Invalid($"A prompt of type {prompt.GetType().Name} is not known"),
    };

    private static LLamaToken[] NotEmpty(LLamaToken[] tokens) => tokens.Length > 0 ? tokens : throw Invalid("The prompt is empty");

    private static HybridException Invalid(string message) => new(HybridError.InvalidRequest, message + ". Nothing was decoded.");

    private LLamaToken[] Chat(IReadOnlyList<PromptMessage> messages, string continuation)
    {
        if (Template is not { } template)
        {
            throw Invalid(_templateProblem is { } problem
                ? $"The chat template of {Name} cannot be used ({problem.TrimEnd('.')}); use a text prompt that is rendered by you"
                : $"{Name} has no chat template; use a text prompt, or an instruction-tuned model");
        }

        if (messages.Count == 0)
            throw Invalid("The chat has no message");
        var rendered = template.Render(new()
        {
            Messages = _foldsSystemTurns ? SystemTurns.Fold(messages) : messages,
            BosToken = _startText,
            EosToken = _endText,
            Now = _time.GetLocalNow(),
        });
        return WithStart([.. ControlCuts.Parts(rendered, continuation, _controlTexts).SelectMany(part => Tokenize(part, special: true))]);
    }

    private LLamaToken[] Tokenize(string text, bool special) => Weights.NativeHandle.Tokenize(text, addBos: false, special, Encoding.UTF8);

    private LLamaToken[] WithStart(LLamaToken[] tokens) => _start is { } start && (tokens.Length == 0 || tokens[0] != start) ? [start, .. tokens] : tokens;

    private IEnumerable<LLamaToken> Checked(ReadOnlyMemory<int> tokens)
    {
        foreach (var token in tokens.ToArray())
            yield return token >= 0 && token < Size ? token : throw Invalid($"Token {token} is not in the vocabulary of {Size}");
    }

    private (ChatTemplate? Template, string? Problem) ReadTemplate(string? source)
    {
        if (source is null)
            return (null, null);
        try
        {
            // Some faults show only when it is used.
            var template = ChatTemplate.Parse(source);
            template.Render(new() { Messages = [new("user", "?")], BosToken = _startText, EosToken = _endText, Now = DateTimeOffset.UnixEpoch });
            return (template, null);
        }
        catch (HybridException problem)
        {
            return (null, problem.Message);
        }
    }
}
