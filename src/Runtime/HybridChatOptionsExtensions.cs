using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid;

/// <summary>What <see cref="ChatOptions"/> has no property for; kept in its <see cref="ChatOptions.AdditionalProperties"/>.</summary>
public static class HybridChatOptionsExtensions
{
    internal const string Prefix = "hybrid.";
    internal const string Privacy = "hybrid.privacy";
    internal const string Deadline = "hybrid.deadline";
    internal const string MaxTimeToFirstToken = "hybrid.max_time_to_first_token";
    internal const string MaxTimePerToken = "hybrid.max_time_per_token";
    internal const string WaitUntil = "hybrid.can_wait_until";
    internal const string Priority = "hybrid.priority";
    internal const string Policy = "hybrid.policy";
    internal const string Target = "hybrid.target";
    internal const string Tag = "hybrid.tag";
    internal const string Tenant = "hybrid.tenant";
    internal const string BudgetDollars = "hybrid.budget_dollars";
    internal const string BudgetGrams = "hybrid.budget_grams";
    internal const string MinP = "hybrid.min_p";
    internal const string Grammar = "hybrid.grammar";
    internal const string LogProbabilities = "hybrid.log_probabilities";
    internal const string HandoverMarkers = "hybrid.handover_markers";
    internal const string RepetitionPenalty = "hybrid.repetition_penalty";

    /// <summary>Sets who may see the request.</summary>
    public static ChatOptions WithPrivacy(this ChatOptions options, PrivacyClass privacy) => options.Set(Privacy, privacy);

    /// <summary>Sets how long the whole answer may take, counted from the moment it is asked; above zero.</summary>
    public static ChatOptions WithDeadline(this ChatOptions options, TimeSpan deadline) => options.Set(Deadline, deadline);

    /// <summary>Removes the targets whose first token is predicted to come later than this after they are asked; above zero.</summary>
    /// <remarks>
    /// <para>The smaller of this and the policy's <see cref="RoutingPolicy.MaxTimeToFirstToken"/> counts, at the policy's quantile. It is
    /// the first token of the whole answer: who stands by was predicted to keep it too, but a standby that goes on after a fault is not
    /// held to it again. The wait that <see cref="CanWaitUntil"/> allows is not in it.</para>
    /// <para>Unlike <see cref="WithDeadline"/> it ends no answer that comes later than predicted.</para>
    /// </remarks>
    public static ChatOptions WithMaxTimeToFirstToken(this ChatOptions options, TimeSpan longest) => options.Set(MaxTimeToFirstToken, longest);

    /// <summary>Removes the targets that are predicted to take longer than this for each token after the first, as a mean; above zero.</summary>
    /// <remarks>
    /// The smaller of this and the policy's <see cref="RoutingPolicy.MaxTimePerToken"/> counts, at the policy's quantile. Who stands by keeps
    /// it too, so that it holds for the rest of an answer after a fault. It ends no answer that comes slower than predicted.
    /// </remarks>
    public static ChatOptions WithMaxTimePerToken(this ChatOptions options, TimeSpan longest) => options.Set(MaxTimePerToken, longest);

    /// <summary>Lets the request wait for a cheaper or greener slot, as long as the answer can be complete by then.</summary>
    public static ChatOptions CanWaitUntil(this ChatOptions options, DateTimeOffset time) => options.Set(WaitUntil, time);

    /// <summary>Sets who goes first where requests wait for the same engine.</summary>
    public static ChatOptions WithPriority(this ChatOptions options, RequestPriority priority) => options.Set(Priority, priority);

    /// <summary>Chooses a preset or a configured policy by its name.</summary>
    public static ChatOptions WithPolicy(this ChatOptions options, string policy) => options.Set(Policy, policy);

    /// <summary>Pins the request to one target; walls still hold, and nobody stands by.</summary>
    public static ChatOptions WithTarget(this ChatOptions options, string target) => options.Set(Target, target);

    /// <summary>Names the kind of task, such as <c>summary</c>, in 1 to 64 characters: how long its answers are, and feedback, are learned under this name.</summary>
    public static ChatOptions WithTag(this ChatOptions options, string tag) => options.Set(Tag, tag);

    /// <summary>Says who pays: the tenant whose budgets count besides the app's; up to 200 characters, upper and lower case alike.</summary>
    public static ChatOptions WithTenant(this ChatOptions options, string tenant) => options.Set(Tenant, tenant);

    /// <summary>Sets what the request may cost and emit, failovers included; each finite and 0 or more.</summary>
    /// <param name="options">The options.</param>
    /// <param name="dollars">Dollars; null: as set before.</param>
    /// <param name="grams">Grams CO2e (E·I); null: as set before.</param>
    public static ChatOptions WithBudget(this ChatOptions options, double? dollars = null, double? grams = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (dollars is { } money) options.Set(BudgetDollars, money);
        if (grams is { } emission) options.Set(BudgetGrams, emission);
        return options;
    }

    /// <summary>Drops tokens less likely than this share of the most likely one; 0 to 1.</summary>
    public static ChatOptions WithMinP(this ChatOptions options, float minP) => options.Set(MinP, minP);

    /// <summary>Penalises recent tokens; above 0 to 10, 1 is off.</summary>
    public static ChatOptions WithRepetitionPenalty(this ChatOptions options, float penalty) => options.Set(RepetitionPenalty, penalty);

    /// <summary>Keeps the answer to a grammar; only targets that can do so are asked. JSON goes with <see cref="ChatOptions.ResponseFormat"/>.</summary>
    /// <param name="options">The options.</param>
    /// <param name="gbnf">GBNF, llama.cpp's notation, with a rule <c>root</c>.</param>
    public static ChatOptions WithGrammar(this ChatOptions options, string gbnf) => options.Set(Grammar, gbnf);

    /// <summary>Asks for a <see cref="TokenScore"/> with each token, under <see cref="HybridUpdateKeys.Scores"/> of the updates; only targets that can give them are asked.</summary>
    /// <param name="options">The options.</param>
    /// <param name="alternatives">How many of the likeliest tokens each score names, 0 to 20.</param>
    public static ChatOptions WithLogProbabilities(this ChatOptions options, int alternatives = 0) => options.Set(LogProbabilities, alternatives);

    /// <summary>Asks for the <see cref="Streaming.Handover"/> on the first update behind each seam, under <see cref="HybridUpdateKeys.Handover"/>.</summary>
    /// <remarks>A seam before any text, such as a race that was won, is on the first update of all and has no gap. The text is the same with and without.</remarks>
    public static ChatOptions WithHandoverMarkers(this ChatOptions options) => options.Set(HandoverMarkers, true);

    private static ChatOptions Set(this ChatOptions options, string key, object value)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(value);
        (options.AdditionalProperties ??= [])[key] = value;
        return options;
    }
}
