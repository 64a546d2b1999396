using Hybrid.Targets;

namespace Hybrid.Engines.ChatTemplates;

/// <summary>Makes do with templates, such as Gemma's, that know no system turn: what it says goes before the user's words.</summary>
internal static class SystemTurns
{
    private const string Probe = "hybrid probe";

    /// <summary>Whether a system turn is refused, or left out in silence.</summary>
    public static bool AreUnknown(ChatTemplate template, string bosToken, string eosToken)
    {
        try
        {
            return !template.Render(new() { Messages = [new("system", Probe), new("user", "?")], BosToken = bosToken, EosToken = eosToken, Now = DateTimeOffset.UnixEpoch }).Text.Contains(Probe, StringComparison.Ordinal);
        }
        catch (HybridException)
        {
            return true;
        }
    }

    /// <summary>The same chat without system turns.</summary>
    public static IReadOnlyList<PromptMessage> Fold(IReadOnlyList<PromptMessage> messages)
    {
        var folded = new List<PromptMessage>(messages.Count);
        var waiting = "";
        foreach (var message in messages)
        {
            if (message.Role == "system")
            {
                waiting += message.Text + "\n\n";
                continue;
            }

            var takes = waiting.Length > 0 && message.Role == "user";
            folded.Add(takes ? message with { Text = waiting + message.Text } : message);
            waiting = takes ? "" : waiting;
        }

        if (waiting.Length > 0)
            folded.Add(new("user", waiting.TrimEnd('\n')));
        return folded;
    }
}
