namespace Hybrid.Targets;

/// <summary>A piece of an answer.</summary>
/// <param name="Text">New text; may be empty while a UTF-8 sequence or a possible stop string is incomplete.</param>
/// <param name="TokenCount">How many tokens the model decoded for it.</param>
/// <param name="Completion">Set on the last update only.</param>
public readonly record struct DecodeUpdate(string Text, int TokenCount, DecodeCompletion? Completion = null)
{
    /// <summary>A whole call that the model asked for; it comes after the update's text.</summary>
    public ToolCall? ToolCall { get; init; }

    /// <summary>A score for each of the update's tokens in their order; null where none were asked for.</summary>
    public IReadOnlyList<TokenScore>? Scores { get; init; }

    /// <summary>The ids of the update's tokens in their order, those without a text too.</summary>
    /// <value>Empty where the target does not tell them; else as many as <see cref="TokenCount"/>.</value>
    public TokenIds Tokens { get; init; }

    /// <summary>The fingerprint of the vocabulary that <see cref="Tokens"/> belong to; null where there are none.</summary>
    public string? Vocabulary { get; init; }

    /// <summary>Bytes of the tokens so far that no text has yet, such as a part of a character or of a possible stop string.</summary>
    /// <value>
    /// 0: the text so far is that of the tokens so far, and a target that is given both goes on in the same stream. Means nothing
    /// where the tokens so far were not told.
    /// </value>
    public int PendingBytes { get; init; }

    /// <summary>How many tokens the stream had before this update, so that one sent twice or left out is seen; a continuation's do not count.</summary>
    /// <value>Null where the target does not tell.</value>
    public int? TokenIndex { get; init; }
}

/// <summary>How an answer ended and what it took.</summary>
public sealed record DecodeCompletion
{
    /// <summary>Why the model stopped.</summary>
    public required DecodeFinish Finish { get; init; }

    /// <summary>Tokens of the prompt, the continuation included.</summary>
    public int PromptTokens { get; init; }

    /// <summary>Prompt tokens that needed no prefill.</summary>
    public int CachedTokens { get; init; }

    /// <summary>Tokens decoded, the end-of-turn token not counted.</summary>
    public int OutputTokens { get; init; }

    /// <summary>Tokens that were guessed ahead and verified.</summary>
    public int DraftedTokens { get; init; }

    /// <summary>How many of those were right; they are among <see cref="OutputTokens"/>.</summary>
    public int AcceptedTokens { get; init; }

    /// <summary>Time between acceptance and the first prefill step.</summary>
    public TimeSpan QueueTime { get; init; }

    /// <summary>Time from the first prefill step to the first token.</summary>
    public TimeSpan PrefillTime { get; init; }

    /// <summary>Time from the first token to the last.</summary>
    public TimeSpan DecodeTime { get; init; }
}

/// <summary>Why an answer ended.</summary>
public enum DecodeFinish
{
    /// <summary>The model ended its turn, or a stop string came.</summary>
    Stop,

    /// <summary>The token limit or the context was reached.</summary>
    Length,

    /// <summary>The model ended its turn with one or more tool calls.</summary>
    ToolCalls,
}
