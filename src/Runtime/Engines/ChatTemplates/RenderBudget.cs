using System.Runtime.CompilerServices;

namespace Hybrid.Engines.ChatTemplates;

/// <summary>What a template may do before it is stopped: steps, and characters that it reads or writes.</summary>
/// <remarks>Real templates take some tens of steps for each message.</remarks>
internal sealed class RenderBudget(long inputCharacters)
{
    private const int CharactersPerStep = 16;
    private readonly long _longestText = (1 << 22) + (4 * inputCharacters);
    private long _left = 4_000_000 + inputCharacters;

    /// <summary>The line of the template that is at work, for messages.</summary>
    public int Line { get; set; } = 1;

    public void Charge(long steps)
    {
        _left -= Math.Max(1, steps);
        if (_left < 0)
            throw Error("it does far more work than a chat needs and was stopped");
    }

    public void ChargeText(long characters, long before = 0)
    {
        if (characters + before > _longestText)
            throw Error($"it makes a text of more than {_longestText} characters");
        Charge(characters / CharactersPerStep);
    }

    /// <summary>Guards a recursive step against the end of the stack.</summary>
    public void Enter()
    {
        Charge(1);
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw Error("it nests too deep");
    }

    public HybridException Error(string reason) => new(HybridError.InvalidRequest,
        $"The model's chat template cannot be rendered, line {Line}: {reason}. Nothing was decoded; check the messages' roles and order, or use a text prompt.");
}
