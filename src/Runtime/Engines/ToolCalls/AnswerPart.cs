using Hybrid.Targets;

namespace Hybrid.Engines.ToolCalls;

/// <summary>Plain text and the call that comes after it.</summary>
/// <param name="Text">May be empty.</param>
/// <param name="Call">Null where only text is certain so far.</param>
internal readonly record struct AnswerPart(string Text, ToolCall? Call = null);
