using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>One event of an answer, read.</summary>
internal readonly record struct StreamChunk
{
    /// <summary><c>[DONE]</c>.</summary>
    public bool Done { get; init; }

    /// <summary>What went wrong in mid-stream.</summary>
    public ServerError? Error { get; init; }

    /// <summary>New text; empty where there is none.</summary>
    public string Text { get; init; }

    /// <summary>Whether it names the speaker, as the first chunk of an answer does.</summary>
    public bool HasRole { get; init; }

    /// <summary>Whether it has thoughts, which are not part of the answer.</summary>
    public bool Thinks { get; init; }

    /// <summary>Whether it is of an answer at all: usage alone is not.</summary>
    public bool HasChoice { get; init; }

    /// <summary>Why the answer ended.</summary>
    public string? Finish { get; init; }

    /// <summary>Pieces of calls.</summary>
    public IReadOnlyList<ToolPiece>? Calls { get; init; }

    /// <summary>Scores of its tokens.</summary>
    public IReadOnlyList<TokenScore>? Scores { get; init; }

    /// <summary>What the answer took so far, or at its end.</summary>
    public TokenUsage? Usage { get; init; }
}

/// <summary>A piece of a call.</summary>
internal readonly record struct ToolPiece(int Index, string? Id, string? Name, string Arguments);

/// <summary>Counts that the server reports.</summary>
internal sealed record TokenUsage(int Prompt, int Cached, int Output);
