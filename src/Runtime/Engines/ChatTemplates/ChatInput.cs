using Hybrid.Targets;

namespace Hybrid.Engines.ChatTemplates;

/// <summary>What a template is filled with.</summary>
internal sealed record ChatInput
{
    public required IReadOnlyList<PromptMessage> Messages { get; init; }

    public IReadOnlyList<ToolDefinition> Tools { get; init; } = [];

    /// <summary>Whether a call's arguments are given as JSON text, not as a dict.</summary>
    public bool ArgumentsAsText { get; init; }

    /// <summary>The text of the start token; empty where the model has none.</summary>
    public string BosToken { get; init; } = "";

    /// <summary>The text of the end token; empty where the model has none.</summary>
    public string EosToken { get; init; } = "";

    /// <summary>Whether the text ends where the answer begins.</summary>
    public bool AddGenerationPrompt { get; init; } = true;

    /// <summary>What <c>strftime_now</c> tells; null leaves that function undefined.</summary>
    public DateTimeOffset? Now { get; init; }
}
