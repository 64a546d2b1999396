using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Chat;

/// <summary>Turns chat messages into turns of text, tool calls and their results; other contents are refused by name.</summary>
internal static class MessageReader
{
    private static readonly string[] Roles = ["system", "user", "assistant", "tool"];

    public static IReadOnlyList<PromptMessage> Read(IEnumerable<ChatMessage> messages, string? instructions)
    {
        List<PromptMessage> turns = [];
        if (!string.IsNullOrEmpty(instructions)) turns.Add(new("system", instructions));
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        var asked = 0;
        foreach (var message in messages)
        {
            turns.AddRange(Read(message, asked, names));
            asked++;
        }

        if (asked == 0) throw Invalid("There are no messages. Pass at least one.");
        return turns;
    }

    private static List<PromptMessage> Read(ChatMessage message, int index, Dictionary<string, string> names)
    {
        if (message is null) throw Invalid($"Message {index} is null.");
        var role = message.Role.Value;
        if (!Roles.Contains(role))
            throw Invalid($"Message {index} has the role '{role}'. Use system, user, assistant or tool.");
        List<ToolCall> calls = [];
        List<PromptMessage> results = [];
        foreach (var content in message.Contents)
        {
            switch (content)
            {
                case TextContent:
                    break;
                case FunctionCallContent call when role == "assistant":
                    calls.Add(ToolJson.Call(call));
                    names[call.CallId] = call.Name;
                    break;
                case FunctionResultContent result when role == "tool":
                    results.Add(new(role, ToolJson.Result(result)) { ToolCallId = result.CallId, ToolName = names.GetValueOrDefault(result.CallId, "") });
                    break;
                case FunctionCallContent or FunctionResultContent:
                    throw Invalid($"Message {index} ({role}) holds {content.GetType().Name}. Calls belong into assistant messages, results into tool messages.");
                default:
                    throw Invalid($"Message {index} ({role}) holds {content.GetType().Name}, and no target takes anything but text and tool calls. Remove it or put it into words.");
            }
        }

        if (results.Count == 0) return [new(role, message.Text) { ToolCalls = calls }];
        return message.Text.Length == 0
            ? results
            : throw Invalid($"Message {index} ({role}) holds text beside FunctionResultContent. Put the text into a message of its own.");
    }

    private static HybridException Invalid(string message) => new(HybridError.InvalidRequest, message + " Nothing was sent.");
}
