namespace Hybrid.Targets;

/// <summary>One question to one target. Immutable; may be sent to several targets.</summary>
public sealed record DecodeRequest
{
    /// <summary>What is asked: messages, text or token ids.</summary>
    public required Prompt Prompt { get; init; }

    /// <summary>Text that the assistant already said; the answer goes on from exactly its last character.</summary>
    /// <value>Empty: a fresh answer.</value>
    public string Continuation { get; init; } = "";

    /// <summary>The tokens of <see cref="Continuation"/>, where they are known; a target of another vocabulary goes by the text.</summary>
    /// <value>Null: the text alone is known.</value>
    public ContinuationTokens? ContinuationTokens { get; init; }

    /// <summary>How tokens are chosen.</summary>
    public SamplingOptions Sampling { get; init; } = SamplingOptions.Default;

    /// <summary>Most tokens to produce, at least 1.</summary>
    /// <value>Null: until the model stops or the context is full.</value>
    public int? MaxTokens { get; init; }

    /// <summary>Strings that end the answer; they are not part of it.</summary>
    public IReadOnlyList<string> StopSequences { get; init; } = [];

    /// <summary>What the model may ask to have called; only for messages.</summary>
    public IReadOnlyList<ToolDefinition> Tools { get; init; } = [];

    /// <summary>Whether one of the tools may or must be called.</summary>
    /// <value><see cref="ToolChoice.Auto"/></value>
    public ToolChoice ToolChoice { get; init; } = ToolChoice.Auto;

    /// <summary>What the answer's text must be like, its continuation included.</summary>
    /// <value>Null: any text.</value>
    public OutputFormat? Format { get; init; }

    /// <summary>Asks for a <see cref="TokenScore"/> with each token.</summary>
    /// <value>How many alternatives each names, 0 to 20; null: no scores.</value>
    public int? LogProbabilities { get; init; }

    /// <summary>Who may see the request.</summary>
    public PrivacyClass Privacy { get; init; } = PrivacyClass.Internal;

    /// <summary>When the answer must be complete; past it the stream fails with <see cref="HybridError.DeadlineExceeded"/>.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Who goes first where requests wait for the same engine.</summary>
    /// <value><see cref="RequestPriority.Normal"/></value>
    public RequestPriority Priority { get; init; } = RequestPriority.Normal;

    /// <summary>Names the request in logs and on the wire.</summary>
    public string Id { get; init; } = "";

    /// <summary>Sees each token id as this process's engine samples it, on the decode thread; it is not sent to a pool.</summary>
    internal Action<int>? OnToken { get; init; }

    /// <summary>What a target over replicas and its conductor tell each other; null where nobody conducts.</summary>
    internal ReplicaTrace? Replicas { get; init; }

    /// <summary>What a target must be able to do for it, beside taking its prompt.</summary>
    internal TargetCapabilities Needs =>
        (OffersTools ? TargetCapabilities.Tools : TargetCapabilities.None) | (LogProbabilities is null ? TargetCapabilities.None : TargetCapabilities.LogProbabilities) | (Format?.Needs ?? TargetCapabilities.None);

    /// <summary>Whether the model is shown tools.</summary>
    internal bool OffersTools => Tools.Count > 0 && ToolChoice.Mode != ToolChoiceMode.None;

    /// <summary>The tools that may be called.</summary>
    internal IEnumerable<ToolDefinition> Callable => Tools.Where(tool => ToolChoice.Name is null || tool.Name == ToolChoice.Name);
}

/// <summary>What is asked: exactly one of messages, text or token ids.</summary>
public abstract record Prompt
{
    private protected Prompt()
    {
    }
}

/// <summary>A chat that the model's own template turns into text.</summary>
public sealed record MessagesPrompt(IReadOnlyList<PromptMessage> Messages) : Prompt;

/// <summary>Text that is completed as it stands.</summary>
public sealed record TextPrompt(string Text) : Prompt;

/// <summary>Token ids of the target's own vocabulary.</summary>
public sealed record TokensPrompt(ReadOnlyMemory<int> Tokens) : Prompt;

/// <summary>One turn of a chat.</summary>
/// <param name="Role"><c>system</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</param>
/// <param name="Text">What was said.</param>
public sealed record PromptMessage(string Role, string Text)
{
    /// <summary>The calls that an assistant's turn asked for.</summary>
    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    /// <summary>The call whose result a tool's turn gives.</summary>
    public string ToolCallId { get; init; } = "";

    /// <summary>The function whose result a tool's turn gives.</summary>
    public string ToolName { get; init; } = "";

    /// <summary>Whether all of it is the same, the calls one by one.</summary>
    public bool Equals(PromptMessage? other) =>
        other is not null && (Role, Text, ToolCallId, ToolName) == (other.Role, other.Text, other.ToolCallId, other.ToolName) && ToolCalls.SequenceEqual(other.ToolCalls);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Role, Text, ToolCallId, ToolName, ToolCalls.Count);
}
