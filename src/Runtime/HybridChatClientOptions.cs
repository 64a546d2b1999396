using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Policy.Log;
using Hybrid.Targets;
using Microsoft.Extensions.Logging;

namespace Hybrid;

/// <summary>How a <see cref="HybridChatClient"/> that is made by hand behaves.</summary>
public sealed record HybridChatClientOptions
{
    /// <summary>The policy of requests that name none.</summary>
    /// <value><see cref="PolicyPresets.Balanced"/></value>
    public RoutingPolicy Policy { get; init; } = PolicyPresets.Balanced;

    /// <summary>Policies that a request may name, besides the presets and <see cref="Policy"/>.</summary>
    public IReadOnlyList<RoutingPolicy> Policies { get; init; } = [];

    /// <summary>The privacy class of requests that name none.</summary>
    /// <value><see cref="PrivacyClass.Internal"/></value>
    public PrivacyClass Privacy { get; init; } = PrivacyClass.Internal;

    /// <summary>Counts the tokens of a chat; only the policy's predictions depend on it.</summary>
    /// <value>Null: the first target that is an <see cref="ITokenCounter"/>, else a quarter of the UTF-8 bytes plus 5 per message.</value>
    public Func<IReadOnlyList<PromptMessage>, int>? TokenEstimator { get; init; }

    /// <summary>The clock of deadlines, latencies and forgetting.</summary>
    /// <value>The system's.</value>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where faults and decisions are logged; never a prompt or an answer.</summary>
    /// <value>Null: nowhere.</value>
    public ILogger? Logger { get; init; }

    /// <summary>Whether disposing the client disposes its targets.</summary>
    public bool OwnsTargets { get; init; }

    /// <summary>Called once for each request that reached a target, however it ended; must not block or throw.</summary>
    /// <value>Null: nobody is told.</value>
    public Action<RequestReceipt>? OnReceipt { get; init; }

    /// <summary>Where decisions, outcomes and feedback are written down; never a prompt or an answer.</summary>
    /// <value>Null: nowhere.</value>
    public DecisionLogOptions? DecisionLog { get; init; }

    /// <summary>The chance by which policies with an <see cref="RoutingPolicy.ExplorationRate"/> explore: 0 to below 1, even; thread-safe.</summary>
    /// <value>Null: the runtime's own generator.</value>
    public Func<double>? Randomizer { get; init; }

    /// <summary>The policies in force, for configuration that is reloaded.</summary>
    internal Func<PolicySet>? PolicySource { get; init; }
}
