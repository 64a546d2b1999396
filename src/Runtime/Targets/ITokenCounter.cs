namespace Hybrid.Targets;

/// <summary>Counts a chat's tokens as its model will see them; a target may implement it.</summary>
public interface ITokenCounter
{
    /// <summary>Tokens of the chat after the model's own template. Thread-safe, does not decode.</summary>
    int CountTokens(IReadOnlyList<PromptMessage> messages);
}
