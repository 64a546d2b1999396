using System.Text.Json.Serialization;

namespace Hybrid.OpenAi;

internal sealed record ErrorBody(OpenAiError Error);

internal sealed record OpenAiError(string Message, string Type, string? Param, string? Code);

internal sealed record Usage(int PromptTokens, int CompletionTokens, int TotalTokens, PromptTokensDetails PromptTokensDetails);

internal sealed record PromptTokensDetails(int CachedTokens);

internal sealed record ChatCompletion(string Id, string Object, long Created, string Model, IReadOnlyList<ChatChoice> Choices)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Usage? Usage { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AnswerNote? Hybrid { get; init; }
}

internal sealed record ChatChoice(int Index, string? FinishReason)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChatTurn? Message { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChatTurn? Delta { get; init; }

    /// <summary>Null where it was not asked for: clients expect the field.</summary>
    public LogProbabilities? Logprobs { get; init; }
}

internal sealed record ChatTurn
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Role { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Content { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ToolCallEntry>? ToolCalls { get; init; }
}

internal sealed record ToolCallEntry(string Id, string Type, FunctionEntry Function)
{
    /// <summary>Its number within the answer; null where the answer comes whole.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Index { get; init; }
}

internal sealed record FunctionEntry(string Name, string Arguments);

internal sealed record TextCompletion(string Id, string Object, long Created, string Model, IReadOnlyList<TextChoice> Choices)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Usage? Usage { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AnswerNote? Hybrid { get; init; }
}

internal sealed record TextChoice(int Index, string Text, string? FinishReason)
{
    /// <summary>Always null: clients expect the field.</summary>
    public string? Logprobs { get; init; }
}

internal sealed record ModelList(string Object, IReadOnlyList<ModelEntry> Data);

internal sealed record ModelEntry(string Id, string Object, long Created, string OwnedBy);

internal sealed record EmbeddingUsage(int PromptTokens, int TotalTokens);

internal sealed record HealthBody(string Status, string? Reason);

internal sealed record AboutBody(string Name, string Version, string Model, IReadOnlyList<string> Apis);
