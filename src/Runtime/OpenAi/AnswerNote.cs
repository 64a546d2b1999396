using System.Text.Json.Serialization;
using Hybrid.Accounting;
using Hybrid.Policy;

namespace Hybrid.OpenAi;

/// <summary>Who answered and what it took: the field <c>hybrid</c> beside what clients of the OpenAI API know.</summary>
/// <param name="Id">The request's id in logs.</param>
/// <param name="Policy">What decided.</param>
/// <param name="Target">Who said the last word.</param>
/// <param name="Model">The model that said it.</param>
/// <param name="Targets">All who were asked, in order.</param>
/// <param name="Dollars">What it cost.</param>
/// <param name="Joules">What it drew.</param>
/// <param name="Grams">What it emitted, in grams CO2e.</param>
internal sealed record AnswerNote(string Id, string Policy, string Target, string Model, IReadOnlyList<string> Targets, double Dollars, double Joules, double Grams)
{
    /// <summary>How long it was made to wait for a better time.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double DeferredSeconds { get; init; }

    public static AnswerNote Of(RequestReceipt receipt) => new(
        receipt.Id, receipt.Decision.Policy, receipt.Segments[^1].Target, receipt.Segments[^1].Model,
        [.. receipt.Segments.Select(segment => segment.Target).Distinct(StringComparer.Ordinal)], receipt.Dollars, receipt.Joules, receipt.Grams)
    {
        DeferredSeconds = receipt.DeferredFor.TotalSeconds,
    };
}
