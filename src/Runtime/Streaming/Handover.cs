using System.Text.Json.Serialization;
using Hybrid.Policy;

namespace Hybrid.Streaming;

/// <summary>A stream's move from one target to another.</summary>
public sealed record Handover
{
    /// <summary>Who spoke, or was asked, before.</summary>
    public required string From { get; init; }

    /// <summary>Who goes on.</summary>
    public required string To { get; init; }

    /// <summary>Why.</summary>
    public required HandoverReason Reason { get; init; }

    /// <summary>The freeze point: tokens of the answer before the seam.</summary>
    public required int AtToken { get; init; }

    /// <summary>Tokens that the one before had decoded beyond the seam; they were thrown away.</summary>
    public int DiscardedTokens { get; init; }

    /// <summary>From the last text before the seam to the first behind it, as it was delivered; in JSON, seconds.</summary>
    /// <value>Null: there is no text on one side of it.</value>
    [JsonPropertyName("gapSeconds")]
    public TimeSpan? Gap { get; internal set; }

    /// <summary>The move in words for people.</summary>
    public override string ToString()
    {
        var place = AtToken switch { 0 => "before any text", 1 => "after 1 token", _ => $"after {AtToken} tokens" };
        var gap = Gap is { } span ? $", gap {Walls.Digits(span.TotalSeconds)} s" : "";
        var discarded = DiscardedTokens > 0 ? $", {DiscardedTokens} tokens thrown away" : "";
        return $"{From} to {(From == To ? "another replica of it" : To)} {place}: {Why}{gap}{discarded}";
    }

    private string Why => Reason switch
    {
        HandoverReason.Fault => $"{From} failed",
        HandoverReason.Plan => "as planned",
        HandoverReason.Race => $"{To} was quicker",
        HandoverReason.Silence => $"{From} fell silent",
        HandoverReason.Confidence => $"{From} was not sure enough",
        HandoverReason.Price => $"the rest is cheaper on {To}",
        HandoverReason.Battery => "less is left of the battery than the policy keeps",
        _ => $"{From} would have passed a cap",
    };
}

/// <summary>Why a stream moved.</summary>
public enum HandoverReason
{
    /// <summary>The one before failed.</summary>
    Fault,

    /// <summary>It spoke until the chosen target was ready.</summary>
    Plan,

    /// <summary>The other was quicker: a race, or a hedge.</summary>
    Race,

    /// <summary>It fell silent for too long.</summary>
    Silence,

    /// <summary>It was less sure than the policy wants.</summary>
    Confidence,

    /// <summary>The rest is cheaper elsewhere, in the policy's dollars.</summary>
    Price,

    /// <summary>Going on would have passed a cap of the policy.</summary>
    Cap,

    /// <summary>Less was left of the device's battery than the policy keeps.</summary>
    Battery,
}
