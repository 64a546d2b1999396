using System.Text.Json.Serialization;
using Hybrid.Policy;

namespace Hybrid.Accounting.Budgets;

/// <summary>What was set aside for one attempt before it was sent.</summary>
/// <param name="Dollars">Dollars; 0 where no budget limits them.</param>
/// <param name="Grams">Grams CO2e; 0 where no budget limits them.</param>
/// <param name="OutputTokens">The most tokens that the attempt could answer with; 0 where nothing was set aside and yet it cost something.</param>
public sealed record ReservedBudget(double Dollars, double Grams, int OutputTokens)
{
    /// <summary>Whether <see cref="OutputTokens"/> was set for the budget's sake, the request having no limit of its own.</summary>
    public bool LimitAdded { get; init; }

    /// <summary>Whether the attempt took more than was set aside; all of it counts.</summary>
    public bool Exceeded { get; init; }

    /// <summary>The same in words.</summary>
    [JsonInclude]
    internal string Words =>
        OutputTokens == 0 ? "nothing was reserved, since it should have cost nothing; the attempt took more" :
        $"${Walls.Digits(Dollars)} and {Walls.Digits(Grams)} g CO2e were reserved for at most {OutputTokens} tokens of answer" +
        (LimitAdded ? ", a limit that the budget needs, since the request sets none" : "") +
        (Exceeded ? "; the attempt took more" : "");

    /// <inheritdoc />
    public override string ToString() => Words;
}
