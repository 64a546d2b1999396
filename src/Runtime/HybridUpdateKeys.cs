namespace Hybrid;

/// <summary>Keys in the <c>AdditionalProperties</c> of updates and responses, and in <see cref="Exception.Data"/> of errors.</summary>
public static class HybridUpdateKeys
{
    /// <summary>On every update: the name of the target that decoded it (string).</summary>
    public const string Target = "hybrid.target";

    /// <summary>On the first update: why these targets (<see cref="Hybrid.Policy.Decision"/>).</summary>
    public const string Decision = "hybrid.decision";

    /// <summary>On updates, where they were asked for: how likely the update's tokens were (list of <see cref="Hybrid.Targets.TokenScore"/>).</summary>
    public const string Scores = "hybrid.scores";

    /// <summary>Where asked for, on the first update behind a seam: who goes on and why (<see cref="Hybrid.Streaming.Handover"/>).</summary>
    /// <remarks>Where several targets failed before one of them said a word, it is the last move; the receipt has them all.</remarks>
    public const string Handover = "hybrid.handover";

    /// <summary>On the last update: what it took (<see cref="Hybrid.Accounting.RequestReceipt"/>).</summary>
    public const string Receipt = "hybrid.receipt";
}
