using Hybrid.Accounting;
using Hybrid.Accounting.Budgets;
using Hybrid.Device;
using Hybrid.Models.Prefetch;
using Hybrid.Network;
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

    /// <summary>Knows the grids that feed the targets; not disposed with the client.</summary>
    /// <value>Null: what the targets state counts.</value>
    public IGridIntensitySource? Grid { get; init; }

    /// <summary>Whether receipts of targets on this device take their energy from the machine's meter, where it has one.</summary>
    /// <remarks>RAPL and NVIDIA's GPUs (NVML) added up, else a battery, else the GPUs alone, which a warning then says.</remarks>
    /// <value>False: the targets' stated watts count.</value>
    public bool MeasurePower { get; init; }

    /// <summary>Where faults and decisions are logged; never a prompt or an answer.</summary>
    /// <value>Null: nowhere.</value>
    public ILogger? Logger { get; init; }

    /// <summary>Whether disposing the client disposes its targets.</summary>
    public bool OwnsTargets { get; init; }

    /// <summary>Called once for each request that reached a target, or that a budget kept from the last one, however it ended; must not block or throw.</summary>
    /// <value>Null: nobody is told.</value>
    public Action<RequestReceipt>? OnReceipt { get; init; }

    /// <summary>The root of sysfs, where the machine's meters are.</summary>
    internal string SystemFiles { get; init; } = "/sys";

    /// <summary>Opens the meter of the machine's GPUs.</summary>
    internal JouleCounterOpener GpuMeter { get; init; } = NvmlCounter.Open;

    /// <summary>What the app and its tenants may spend; several clients may share it, and whoever opened it disposes it after them.</summary>
    /// <value>Null: no budgets but those of single requests.</value>
    public BudgetLedger? Budgets { get; init; }

    /// <summary>Where decisions, outcomes and feedback are written down; never a prompt or an answer.</summary>
    /// <value>Null: nowhere.</value>
    public DecisionLogOptions? DecisionLog { get; init; }

    /// <summary>Says whether there is a network; asked only where a target needs one. Not disposed with the client.</summary>
    /// <value>Null: the operating system's word.</value>
    public INetworkMonitor? Network { get; init; }

    /// <summary>Knows the charge of the device's battery, for policies with a <see cref="RoutingPolicy.MinBattery"/>. Not disposed with the client.</summary>
    /// <value>Null: what the operating system shows (Linux; elsewhere nothing).</value>
    public IBattery? Battery { get; init; }

    /// <summary>Knows how hot this device is and how its line is, for policies with <see cref="RoutingPolicy.MaxCelsius"/> or <see cref="RoutingPolicy.AvoidMetered"/>. Not disposed with the client.</summary>
    /// <value>Null: what the operating system shows (Linux; elsewhere nothing).</value>
    public IDeviceFacts? Facts { get; init; }

    /// <summary>Names of the targets that are woken before they are needed, where that pays under the policies in use; each says how long it stays warm.</summary>
    /// <value>Empty: nobody is woken but for a request.</value>
    public IReadOnlyCollection<string> PreWarm { get; init; } = [];

    /// <summary>The chance by which policies with an <see cref="RoutingPolicy.ExplorationRate"/> explore and delays between probes differ: 0 to below 1, even; thread-safe.</summary>
    /// <value>Null: the runtime's own generator.</value>
    public Func<double>? Randomizer { get; init; }

    /// <summary>Keeps models of this device near; disposed with the client, before the targets.</summary>
    internal Prefetcher? Prefetcher { get; init; }

    /// <summary>The policies in force, for configuration that is reloaded.</summary>
    internal Func<PolicySet>? PolicySource { get; init; }
}
