using Hybrid.Accounting.Budgets;
using Hybrid.Engines.Sampling;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Chat;

/// <summary>The properties of ours in a caller's options; others belong to other clients and are left alone.</summary>
internal sealed record HybridProperties
{
    public PrivacyClass? Privacy { get; init; }

    public TimeSpan? Deadline { get; init; }

    public TimeSpan? MaxTimeToFirstToken { get; private init; }

    public TimeSpan? MaxTimePerToken { get; private init; }

    public DateTimeOffset? CanWaitUntil { get; init; }

    public RequestPriority? Priority { get; init; }

    public string? Policy { get; private init; }

    public string? Target { get; private init; }

    public string? Tag { get; private init; }

    public string? Tenant { get; private init; }

    public double? BudgetDollars { get; private init; }

    public double? BudgetGrams { get; private init; }

    public float? MinP { get; private init; }

    public float? RepetitionPenalty { get; private init; }

    public string? Grammar { get; private init; }

    public int? LogProbabilities { get; private init; }

    public bool HandoverMarkers { get; private init; }

    public static HybridProperties Read(ChatOptions options)
    {
        var read = new HybridProperties();
        foreach (var (key, value) in options.AdditionalProperties ?? [])
        {
            if (!key.StartsWith(HybridChatOptionsExtensions.Prefix, StringComparison.OrdinalIgnoreCase)) continue;
            read = key switch
            {
                HybridChatOptionsExtensions.Privacy => read with { Privacy = Known(Is<PrivacyClass>(key, value)) },
                HybridChatOptionsExtensions.Deadline => read with { Deadline = Positive("deadline", Is<TimeSpan>(key, value)) },
                HybridChatOptionsExtensions.MaxTimeToFirstToken => read with { MaxTimeToFirstToken = Positive("longest time to the first token", Is<TimeSpan>(key, value)) },
                HybridChatOptionsExtensions.MaxTimePerToken => read with { MaxTimePerToken = Positive("longest time per token", Is<TimeSpan>(key, value)) },
                HybridChatOptionsExtensions.WaitUntil => read with { CanWaitUntil = Is<DateTimeOffset>(key, value) },
                HybridChatOptionsExtensions.Priority => read with { Priority = Known(Is<RequestPriority>(key, value)) },
                HybridChatOptionsExtensions.Policy => read with { Policy = Is<string>(key, value) },
                HybridChatOptionsExtensions.Target => read with { Target = Is<string>(key, value) },
                HybridChatOptionsExtensions.Tag => read with { Tag = Short(Is<string>(key, value)) },
                HybridChatOptionsExtensions.Tenant => read with { Tenant = Payer(Is<string>(key, value)) },
                HybridChatOptionsExtensions.BudgetDollars => read with { BudgetDollars = Budget(key, Is<double>(key, value)) },
                HybridChatOptionsExtensions.BudgetGrams => read with { BudgetGrams = Budget(key, Is<double>(key, value)) },
                HybridChatOptionsExtensions.MinP => read with { MinP = Is<float>(key, value) },
                HybridChatOptionsExtensions.RepetitionPenalty => read with { RepetitionPenalty = Is<float>(key, value) },
                HybridChatOptionsExtensions.Grammar => read with { Grammar = Is<string>(key, value) },
                HybridChatOptionsExtensions.LogProbabilities => read with { LogProbabilities = TokenScorer.Checked(Is<int>(key, value)) },
                HybridChatOptionsExtensions.HandoverMarkers => read with { HandoverMarkers = Is<bool>(key, value) },
                _ => throw Invalid($"The additional property '{key}' is not known; set them with the methods of {nameof(HybridChatOptionsExtensions)}"),
            };
        }

        return read;
    }

    private static T Is<T>(string key, object? value) => value is T typed
        ? typed
        : throw Invalid($"The additional property '{key}' is {value?.GetType().Name ?? "null"}; it must be {typeof(T).Name}");

    private static PrivacyClass Known(PrivacyClass privacy) => Enum.IsDefined(privacy)
        ? privacy
        : throw Invalid($"The privacy class {(int)privacy} is not known; use public, internal, confidential or secret");

    private static RequestPriority Known(RequestPriority priority) => Enum.IsDefined(priority)
        ? priority
        : throw Invalid($"The priority {(int)priority} is not known; use background, normal or interactive");

    private static string Short(string tag) => tag.Length is > 0 and <= 64
        ? tag
        : throw Invalid($"The tag has {tag.Length} characters; use 1 to 64");

    private static TimeSpan Positive(string what, TimeSpan time) => time > TimeSpan.Zero
        ? time
        : throw Invalid($"The {what} is {time}; it must be above zero");

    private static string Payer(string tenant) => BudgetRules.IsTenant(tenant)
        ? tenant
        : throw Invalid($"The tenant is empty or longer than {BudgetRules.LongestTenant} characters");

    private static double Budget(string key, double most) => double.IsFinite(most) && most >= 0
        ? most
        : throw Invalid($"The additional property '{key}' is {most}; it must be a finite number of 0 or more");

    private static HybridException Invalid(string message) => new(HybridError.InvalidRequest, message + ". Nothing was sent.");
}
