using System.Text;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>What of a server's words may stand in a message: servers repeat prompts and keys in their errors.</summary>
internal static class ServerWords
{
    private const int Most = 300;
    private const int Telling = 12;

    /// <summary>The server's message, short and on one line; only its type and code where it repeats something of the request.</summary>
    /// <param name="error">What the server said.</param>
    /// <param name="request">What it was asked; null where it was asked nothing of anybody.</param>
    /// <param name="key">The key that was sent.</param>
    public static string Of(ServerError? error, DecodeRequest? request, string? key)
    {
        if (error is null)
            return "";
        var words = Short(error.Message ?? "");
        if (words.Length > 0 && !Repeats(words, request) && (key is null || !words.Contains(key, StringComparison.Ordinal)))
            return words;
        return string.Join(' ', new[] { Name(error.Type), Name(error.Code) }.Where(word => word.Length > 0));
    }

    private static string Short(string message)
    {
        var text = new StringBuilder(Math.Min(message.Length, Most));
        foreach (var character in message.AsSpan(0, Math.Min(message.Length, Most)))
            text.Append(char.IsControl(character) || char.IsSurrogate(character) ? ' ' : character);
        return text.ToString().Trim().TrimEnd('.');
    }

    /// <summary>A word that a program chose, not a person.</summary>
    private static string Name(string? word) =>
        word is { Length: > 0 and <= 64 } && word.All(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '-' or '.') ? word : "";

    private static bool Repeats(string words, DecodeRequest? request)
    {
        if (request is null)
            return false;
        foreach (var said in Said(request))
        {
            if (said.Length is > 0 and < Telling && words.Contains(said, StringComparison.Ordinal))
                return true;
            for (var i = 0; said.Length >= Telling && i + Telling <= words.Length; i++)
            {
                if (said.AsSpan().IndexOf(words.AsSpan(i, Telling)) >= 0)
                    return true;
            }
        }

        return false;
    }

    private static IEnumerable<string> Said(DecodeRequest request)
    {
        var texts = request.Prompt switch
        {
            MessagesPrompt chat => chat.Messages.SelectMany(message => message.ToolCalls.Select(call => call.Arguments).Append(message.Text)),
            TextPrompt text => [text.Text],
            _ => [],
        };
        return texts.Append(request.Continuation).Concat(request.StopSequences).Select(text => text.Trim());
    }
}
