using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Hybrid.Engines.ChatTemplates;
using Hybrid.Targets;

namespace Hybrid.Engines.ToolCalls;

/// <summary>How a model is shown tools and how it calls them, found by rendering its template.</summary>
internal sealed record ToolSupport(ToolCallFormat Format, bool ArgumentsAsText)
{
    private const string ProbeName = "hybrid_probe";
    private const string IdCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    private const int IdLength = 9; // what Mistral's templates insist on

    /// <summary>Null where the template shows no tools, or writes calls in a form that is not known here.</summary>
    public static ToolSupport? Probe(ChatTemplate template, string bosToken, string eosToken)
    {
        using var schema = JsonDocument.Parse("""{"type":"object","properties":{"probe_key":{"type":"string"}},"required":["probe_key"]}""");
        var asked = new ChatInput
        {
            Messages = [new("user", "?")],
            Tools = [new(ProbeName, "Probes.", schema.RootElement)],
            BosToken = bosToken,
            EosToken = eosToken,
            Now = DateTimeOffset.UnixEpoch,
        };
        if (Rendered(template, asked)?.Contains(ProbeName, StringComparison.Ordinal) is not true)
            return null;
        var call = new ToolCall("probe0001", ProbeName, """{"probe_key": "probe_value"}""");
        var called = asked with
        {
            Messages = [new("user", "?"), new("assistant", "") { ToolCalls = [call] }, new("tool", "{}") { ToolCallId = call.Id, ToolName = ProbeName }],
        };
        foreach (var asText in new[] { false, true })
        {
            if (Rendered(template, called with { ArgumentsAsText = asText }) is { } text && ToolCallFormat.Detect(text, ProbeName) is { } format)
                return new(format, asText);
        }

        return null;
    }

    /// <summary>A reader of one answer.</summary>
    public ToolCallReader Read(DecodeRequest request)
    {
        // The same answer to the same chat names its calls alike; a later turn of the chat names them otherwise.
        var turns = request.Prompt is MessagesPrompt chat ? chat.Messages.Count : 0;
        return new(Format, request.Tools, (number, name, arguments) => Id($"{turns}\n{number}\n{name}\n{arguments}"), request.Continuation.Length == 0);
    }

    private static string Id(string seed) => string.Create(IdLength, SHA256.HashData(Encoding.UTF8.GetBytes(seed)), (id, hash) =>
    {
        for (var i = 0; i < id.Length; i++)
            id[i] = IdCharacters[hash[i] % IdCharacters.Length];
    });

    private static string? Rendered(ChatTemplate template, ChatInput input)
    {
        try
        {
            return template.Render(input).Text;
        }
        catch (HybridException)
        {
            return null;
        }
    }
}
