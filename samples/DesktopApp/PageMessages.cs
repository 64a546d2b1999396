using System.Text.Json.Serialization;
using Hybrid;
using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;

namespace DesktopApp;

/// <summary>What the page may choose from.</summary>
internal sealed record Choices(IReadOnlyList<PolicyChoice> Policies, string Policy, IReadOnlyList<string> PrivacyClasses, string Privacy)
{
    public static Choices Of(IConfiguration configuration) => new(
        [
            .. PolicyPresets.All.Select(preset => new PolicyChoice(preset.Name, preset.Purpose)),
            .. configuration.GetSection("Hybrid:Policies").GetChildren().Select(policy => new PolicyChoice(policy.Key, policy["Purpose"] ?? "from the configuration")),
        ],
        configuration["Hybrid:Policy"] ?? PolicyPresets.Balanced.Name,
        [.. Enum.GetNames<PrivacyClass>().Select(name => name.ToLowerInvariant())],
        (configuration["Hybrid:Privacy"] ?? nameof(PrivacyClass.Internal)).ToLowerInvariant());
}

/// <summary>A policy's name and what it is for.</summary>
internal sealed record PolicyChoice(string Name, string Purpose);

/// <summary>A conversation whose last message wants an answer.</summary>
internal sealed record Question(IReadOnlyList<Said> Messages, string? Policy = null, string? Privacy = null);

/// <summary>What somebody said; <c>user</c> or <c>assistant</c>.</summary>
internal sealed record Said(string Role, string Text);

/// <summary>One line of an answer: some of its text, why a target was chosen, what it took, or what went wrong.</summary>
internal sealed record AnswerLine
{
    /// <summary>Who said the text.</summary>
    public string? Target { get; init; }

    public string? Text { get; init; }

    /// <summary>Why another target says what follows.</summary>
    public string? Handover { get; init; }

    /// <summary>Why these targets, in one line and in full.</summary>
    public string? Why { get; init; }

    public string? Explanation { get; init; }

    /// <summary>What each attempt took.</summary>
    public IReadOnlyList<Took>? Took { get; init; }

    public string? Error { get; init; }

    /// <summary>What one update of a stream says to the page.</summary>
    public static AnswerLine Of(ChatResponseUpdate update)
    {
        var (decision, handover, receipt) = (
            Get<Decision>(update, HybridUpdateKeys.Decision), Get<Hybrid.Streaming.Handover>(update, HybridUpdateKeys.Handover), Get<RequestReceipt>(update, HybridUpdateKeys.Receipt));
        return new()
        {
            Target = Get<string>(update, HybridUpdateKeys.Target),
            Text = update.Text,
            Handover = handover?.ToString(),
            Why = decision is null ? null : $"{decision.Policy} policy{(decision.Bridge is null ? " chose" : ":")} {decision.ExplainLine()}",
            Explanation = decision?.Explain(),
            Took = receipt?.Segments.Select(DesktopApp.Took.Of).ToList(),
        };
    }

    private static T? Get<T>(ChatResponseUpdate update, string key)
        where T : class => update.AdditionalProperties?.GetValueOrDefault(key) as T;
}

/// <summary>What one attempt took: milliseconds, dollars, grams CO2e.</summary>
internal sealed record Took(string Target, string Zone, int Tokens, int Wasted, double? FirstTokenMs, double TokensPerSecond, double Dollars, double Grams, string? Error)
{
    public static Took Of(Receipt receipt) => new(
        receipt.Target, receipt.Zone.ToString(), receipt.OutputTokens, receipt.WastedTokens, receipt.TimeToFirstToken?.TotalMilliseconds, receipt.TokensPerSecond,
        receipt.Dollars, receipt.Grams, receipt.Error?.ToString());
}

/// <summary>The JSON between the page and the app.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Choices))]
[JsonSerializable(typeof(Question))]
[JsonSerializable(typeof(AnswerLine))]
internal sealed partial class PageJson : JsonSerializerContext;
