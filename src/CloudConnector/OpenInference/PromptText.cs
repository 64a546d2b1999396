using Hybrid.Engines.ChatTemplates;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenInference;

/// <summary>Turns requests into the text that the server's model completes.</summary>
internal sealed class PromptText
{
    private readonly OpenInferenceTargetOptions _options;
    private readonly TimeProvider _time;
    private readonly ChatTemplate? _template;
    private readonly bool _foldsSystemTurns;

    /// <exception cref="HybridException">The template cannot be read or is not understood (<see cref="HybridError.Configuration"/>).</exception>
    public PromptText(OpenInferenceTargetOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        if (options.ChatTemplatePath is not { } path)
            return;
        _template = Read(options, path);
        _foldsSystemTurns = SystemTurns.AreUnknown(_template, options.BosToken, options.EosToken);
    }

    /// <summary>The prompt as text, and behind it what the assistant already said.</summary>
    /// <exception cref="HybridException">The request asks for what such servers cannot do (<see cref="HybridError.InvalidRequest"/>).</exception>
    public string Render(DecodeRequest request)
    {
        if (request.OffersTools)
            throw Invalid("takes no tools");
        if (request.LogProbabilities is not null)
            throw Invalid("gives no log-probabilities");
        if (request.Format is not null && request.Continuation.Length > 0)
            throw Invalid("cannot go on within an output format: it would begin the format anew");
        var text = request.Prompt switch
        {
            TextPrompt prompt => prompt.Text,
            MessagesPrompt chat when _template is not null => Render(chat.Messages),
            MessagesPrompt => throw Invalid($"takes text, and has no chat template; set {nameof(OpenInferenceTargetOptions.ChatTemplatePath)}"),
            _ => throw Invalid("takes text and no token ids"),
        };
        return text + request.Continuation;
    }

    private string Render(IReadOnlyList<PromptMessage> messages) => _template!.Render(new()
    {
        Messages = _foldsSystemTurns ? SystemTurns.Fold(messages) : messages,
        BosToken = _options.BosToken,
        EosToken = _options.EosToken,
        Now = _time.GetLocalNow(),
    }).Text;

    private static ChatTemplate Read(OpenInferenceTargetOptions options, string path)
    {
        try
        {
            // Some faults show only when it is used.
            var template = ChatTemplate.Parse(File.ReadAllText(path));
            template.Render(new() { Messages = [new("user", "?")], BosToken = options.BosToken, EosToken = options.EosToken, Now = DateTimeOffset.UnixEpoch });
            return template;
        }
        catch (HybridException fault)
        {
            throw options.Wrong(nameof(options.ChatTemplatePath), $"'{path}' cannot be used: {fault.Message.TrimEnd('.')}");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw options.Wrong(nameof(options.ChatTemplatePath), $"'{path}' cannot be read: {fault.Message.TrimEnd('.')}");
        }
    }

    private HybridException Invalid(string why) => new(HybridError.InvalidRequest, $"Pool '{_options.Descriptor.Name}' {why}. Nothing was sent.");
}
