using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Chat;

/// <summary>Turns chat messages into plain turns; what is not text is refused by name.</summary>
internal static class MessageReader
{
    private static readonly string[] Roles = ["system", "user", "assistant", "tool"];

    public static IReadOnlyList<PromptMessage> Read(IEnumerable<ChatMessage> messages, string? instructions)
    {
        List<PromptMessage> turns = [];
        if (!string.IsNullOrEmpty(instructions)) turns.Add(new("system", instructions));
        var asked = 0;
        foreach (var message in messages)
        {
            turns.Add(Read(message, asked));
            asked++;
        }

        if (asked == 0) throw Invalid("There are no messages. Pass at least one.");
        return turns;
    }

    private static PromptMessage Read(ChatMessage message, int index)
    {
        if (message is null) throw Invalid($"Message {index} is null.");
        var role = message.Role.Value;
        if (!Roles.Contains(role))
            throw Invalid($"Message {index} has the role '{role}'. Use system, user, assistant or tool.");
        foreach (var content in message.Contents)
        {
            if (content is not TextContent)
                throw Invalid($"Message {index} ({role}) holds {content.GetType().Name}, and no target takes anything but text. Remove it or put it into words.");
        }

        return new(role, message.Text);
    }

    private static HybridException Invalid(string message) => new(HybridError.InvalidRequest, message + " Nothing was sent.");
}
