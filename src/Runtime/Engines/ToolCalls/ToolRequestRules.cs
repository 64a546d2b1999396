using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.Engines.ToolCalls;

/// <summary>What a request with tools must be like.</summary>
internal static class ToolRequestRules
{
    private const int LongestName = 64;

    /// <exception cref="HybridException">It breaks a rule (<see cref="HybridError.InvalidRequest"/>).</exception>
    public static void Check(DecodeRequest request, bool hasTools)
    {
        if (request.ToolChoice.Mode == ToolChoiceMode.Required && request.Tools.Count == 0)
            throw Invalid("A tool call is required, and there are no tools");
        if (!request.OffersTools)
            return;
        if (!hasTools)
            throw Invalid("The request has tools, and the model's chat template shows none, or writes their calls in a form that is not known; leave them out or use another model");
        if (request.Prompt is not MessagesPrompt)
            throw Invalid("Tools need a prompt of messages");
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tool in request.Tools)
        {
            if (tool.Name.Length is 0 or > LongestName || !tool.Name.All(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '-'))
                throw Invalid($"The tool name '{tool.Name}' is not 1 to {LongestName} letters, digits, '_' or '-'");
            if (!names.Add(tool.Name))
                throw Invalid($"There are two tools named '{tool.Name}'");
            if (tool.Parameters.ValueKind != JsonValueKind.Object)
                throw Invalid($"The parameters of tool '{tool.Name}' are not a JSON schema object");
        }

        if (request.ToolChoice.Name is { } wanted && !names.Contains(wanted))
            throw Invalid($"The tool '{wanted}' must be called, and is not among the tools");
    }

    private static HybridException Invalid(string message) => new(HybridError.InvalidRequest, message + ". Nothing was decoded.");
}
