using System.Text.Json.Serialization;
using Hybrid.Accounting;

namespace Hybrid.Policy.Log;

/// <summary>What came of a decision, in the receipt's figures; holds no message of a fault, since it could quote the prompt.</summary>
internal sealed record Outcome
{
    /// <summary>Every target that was asked, in order.</summary>
    public required IReadOnlyList<string> Targets { get; init; }

    public required RequestFinish Finish { get; init; }

    public HybridError? Error { get; init; }

    /// <summary>Whether a target was cold when it was asked.</summary>
    public required bool Cold { get; init; }

    public double? FirstTokenSeconds { get; init; }

    public required double TotalSeconds { get; init; }

    public required int InputTokens { get; init; }

    public required int CachedTokens { get; init; }

    public required int OutputTokens { get; init; }

    public required int WastedTokens { get; init; }

    public required double Dollars { get; init; }

    public required double Grams { get; init; }

    /// <summary>Who gave the whole answer; null where several were asked.</summary>
    [JsonIgnore]
    public string? OnlyTarget => Targets.Count == 1 ? Targets[0] : null;

    /// <summary>Whether the answer came to its end, so that its figures can be compared with predicted ones.</summary>
    [JsonIgnore]
    public bool IsComplete => Finish is RequestFinish.Stop or RequestFinish.Length or RequestFinish.ToolCalls;

    public static Outcome Of(RequestReceipt receipt) => new()
    {
        Targets = [.. receipt.Segments.Select(segment => segment.Target)],
        Finish = receipt.Finish,
        Error = receipt.Error,
        Cold = receipt.Segments.Any(segment => segment.Cold),
        FirstTokenSeconds = receipt.TimeToFirstToken?.TotalSeconds,
        TotalSeconds = receipt.TotalTime.TotalSeconds,
        InputTokens = receipt.InputTokens,
        CachedTokens = receipt.CachedTokens,
        OutputTokens = receipt.OutputTokens,
        WastedTokens = receipt.WastedTokens,
        Dollars = receipt.Dollars,
        Grams = receipt.Grams,
    };
}
