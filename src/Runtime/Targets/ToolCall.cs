namespace Hybrid.Targets;

/// <summary>A call that a model asked for; nobody here carries it out.</summary>
/// <param name="Id">Names the call for its result, unique within the chat.</param>
/// <param name="Name">The function.</param>
/// <param name="Arguments">A JSON object as text.</param>
public sealed record ToolCall(string Id, string Name, string Arguments);
