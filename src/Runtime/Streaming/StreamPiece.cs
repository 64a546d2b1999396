using Hybrid.Accounting;
using Hybrid.Targets;

namespace Hybrid.Streaming;

/// <summary>Text or a tool call that leaves once.</summary>
/// <param name="Text">New text; empty only on the last piece and beside a call.</param>
/// <param name="TokenCount">Tokens decoded for it.</param>
/// <param name="Target">Who decoded it.</param>
/// <param name="Model">The model that decoded it.</param>
/// <param name="Receipt">Set on the last piece only.</param>
internal readonly record struct StreamPiece(string Text, int TokenCount, string Target, string Model, RequestReceipt? Receipt = null)
{
    /// <summary>A whole call, after the text.</summary>
    public ToolCall? ToolCall { get; init; }

    /// <summary>A score for each of its tokens; null where none were asked for.</summary>
    public IReadOnlyList<TokenScore>? Scores { get; init; }

    /// <summary>Set on the first piece behind a seam.</summary>
    public Handover? Handover { get; init; }
}
