using System.Text.Json.Serialization;
using Hybrid.Targets;

namespace Hybrid.Policy;

/// <summary>What the policy knows of a request: sizes and limits, never its text.</summary>
public readonly record struct RequestProfile
{
    /// <summary>A public chat request of nothing; set what is known.</summary>
    public RequestProfile()
    {
    }

    /// <summary>Tokens of the prompt, as estimated.</summary>
    public int PromptTokens { get; init; }

    /// <summary>Tokens of the answer that were already delivered and are sent along.</summary>
    public int ContinuationTokens { get; init; }

    /// <summary>Tokens of the answer that are still expected.</summary>
    public int ExpectedOutputTokens { get; init; }

    /// <summary>Tokens that the answer has at the policy's quantile of latency: what its time is predicted with, where its price is with the expected ones.</summary>
    /// <value>Null: as <see cref="ExpectedOutputTokens"/>.</value>
    public int? OutputTokensAtQuantile { get; init; }

    /// <summary>The most tokens that the answer may have.</summary>
    /// <value>Null: no limit was set.</value>
    public int? MaxOutputTokens { get; init; }

    /// <summary>What kind of task it is, as the app names it; answers' lengths and feedback are learned for each.</summary>
    /// <value>Null: none was named.</value>
    public string? Tag { get; init; }

    /// <summary>Who pays, as the app names it.</summary>
    /// <value>Null: the app itself.</value>
    public string? Tenant { get; init; }

    /// <summary>Dollars that it may still spend: the least that is left of its budgets.</summary>
    /// <value>Null: no budget.</value>
    public double? DollarsLeft { get; init; }

    /// <summary>Grams CO2e that it may still emit: the least that is left of its budgets.</summary>
    /// <value>Null: no budget.</value>
    public double? GramsLeft { get; init; }

    /// <summary>Who goes first where requests wait.</summary>
    /// <value><see cref="RequestPriority.Normal"/></value>
    public RequestPriority Priority { get; init; } = RequestPriority.Normal;

    /// <summary>Who may see the request.</summary>
    public PrivacyClass Privacy { get; init; }

    /// <summary>Time left until the answer must be complete; in JSON, seconds.</summary>
    /// <value>Null: no deadline.</value>
    [JsonPropertyName("timeLeftSeconds")]
    public TimeSpan? TimeLeft { get; init; }

    /// <summary>Longest predicted wait for the first token of the whole answer; above 0; in JSON, seconds. The smaller of this and the policy's counts.</summary>
    /// <value>Null: no limit but the policy's.</value>
    [JsonPropertyName("maxTimeToFirstTokenSeconds")]
    public TimeSpan? MaxTimeToFirstToken { get; init; }

    /// <summary>Longest predicted time for each token after the first, as a mean; above 0; in JSON, seconds. The smaller of this and the policy's counts.</summary>
    /// <value>Null: no limit but the policy's.</value>
    [JsonPropertyName("maxTimePerTokenSeconds")]
    public TimeSpan? MaxTimePerToken { get; init; }

    /// <summary>Until when the answer may come, if that is cheaper or greener.</summary>
    /// <value>Null: it is wanted at once.</value>
    public DateTimeOffset? CanWaitUntil { get; init; }

    /// <summary>What a target must be able to do.</summary>
    /// <value><see cref="TargetCapabilities.Chat"/></value>
    public TargetCapabilities Needs { get; init; } = TargetCapabilities.Chat;

    /// <summary>The only target the request may use.</summary>
    /// <value>Null: any.</value>
    public string? Target { get; init; }

    /// <summary>The only model the request may use.</summary>
    /// <value>Null: any.</value>
    public string? Model { get; init; }

    /// <summary>Tokens to prefill: the prompt and what was already delivered.</summary>
    public int InputTokens => (int)Math.Clamp((long)PromptTokens + ContinuationTokens, int.MinValue, int.MaxValue);
}
