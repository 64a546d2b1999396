using System.Text.Json;

namespace Hybrid.Targets;

/// <summary>A function that the model may ask to have called.</summary>
/// <param name="Name">1 to 64 letters, digits, <c>_</c> or <c>-</c>.</param>
/// <param name="Description">What it does, for the model; may be empty.</param>
/// <param name="Parameters">A JSON schema of its arguments, an object.</param>
public sealed record ToolDefinition(string Name, string Description, JsonElement Parameters);
