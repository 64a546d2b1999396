using Hybrid.Accounting.Budgets;
using Hybrid.Policy;
using Hybrid.Policy.Log;
using Hybrid.Targets;

namespace Hybrid.Configuration;

/// <summary>Everything an app can configure: section <c>Hybrid</c>.</summary>
public sealed class HybridOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Hybrid";

    /// <summary>The policy of requests that name none: a preset or one of <see cref="Policies"/>.</summary>
    /// <value><c>balanced</c></value>
    public string Policy { get; set; } = PolicyPresets.Balanced.Name;

    /// <summary>The privacy class of requests that name none.</summary>
    /// <value><see cref="PrivacyClass.Internal"/></value>
    public PrivacyClass Privacy { get; set; } = PrivacyClass.Internal;

    /// <summary>Named policies besides the presets; one may stand in for a preset of the same name.</summary>
    public IDictionary<string, RoutingPolicy> Policies { get; } = new Dictionary<string, RoutingPolicy>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The engine on this device.</summary>
    /// <value>Null: none.</value>
    public LocalOptions? Local { get; set; }

    /// <summary>More models on this device by name: section <c>Hybrid:Local:Models</c>; each is loaded when it is asked.</summary>
    public IDictionary<string, LocalOptions> LocalModels { get; } = new Dictionary<string, LocalOptions>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Bytes of memory that all models on this device may take, above 0: key <c>Hybrid:Local:MemoryBudget</c>, such as <c>2GiB</c>.</summary>
    /// <value>Null: no limit.</value>
    public long? MemoryBudget { get; set; }

    /// <summary>Whether energy on this device is measured, as <see cref="HybridChatClientOptions.MeasurePower"/> says: key <c>Hybrid:Local:MeasurePower</c>.</summary>
    /// <value>False.</value>
    public bool MeasurePower { get; set; }

    /// <summary>Where grid intensities come from: section <c>Hybrid:Grid</c>.</summary>
    /// <value>Null: what the targets state counts.</value>
    public GridOptions? Grid { get; set; }

    /// <summary>Pools by name; their order breaks ties, and from configuration they come sorted by name.</summary>
    public IDictionary<string, PoolOptions> Pools { get; } = new Dictionary<string, PoolOptions>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The folder where the processes of this machine write how their pools are, for <c>hybrid pools</c>: a relative path starts at the app's folder.</summary>
    /// <value>Null: none; nothing is written.</value>
    public string? PoolBoardPath { get; set; }

    /// <summary>Where models are kept and come from: section <c>Hybrid:Models</c>, read once at start.</summary>
    /// <value>Null: the defaults; nothing is fetched, primed or loaded ahead.</value>
    public ModelsOptions? Models { get; set; }

    /// <summary>What the app and its tenants may spend: section <c>Hybrid:Budgets</c>, read once at start.</summary>
    /// <value>Null: no limits.</value>
    public BudgetOptions? Budgets { get; set; }

    /// <summary>Where decisions are written down: section <c>Hybrid:DecisionLog</c>.</summary>
    /// <value>Null: nowhere.</value>
    public DecisionLogOptions? DecisionLog { get; set; }

    /// <summary>The server for apps on this device: section <c>Hybrid:Serve</c>, read once at start by <c>hybrid serve</c> and <c>hybrid agent</c>.</summary>
    public ServeOptions Serve { get; set; } = new();

    /// <summary>Requests that can wait: section <c>Hybrid:Waiting</c>, read once at start by <c>hybrid serve</c> and <c>hybrid agent</c>.</summary>
    /// <value>Null: none is taken.</value>
    public WaitingOptions? Waiting { get; set; }

    /// <summary>Answers to requests over the bus: section <c>Hybrid:Inference</c>, read once at start by <c>hybrid agent</c>.</summary>
    /// <value>Null: none is taken.</value>
    public InferenceOptions? Inference { get; set; }

    /// <summary>The fleet that this device belongs to: section <c>Hybrid:Fleet</c>, read once at start.</summary>
    /// <value>Null: none.</value>
    public FleetOptions? Fleet { get; set; }

    /// <summary>Whether the section says anything of policies: <see cref="Policy"/>, <see cref="Privacy"/> or <see cref="Policies"/>.</summary>
    internal bool StatesPolicies { get; set; }

    /// <summary>What was wrong with the section, each with its key path.</summary>
    internal IList<string> Errors { get; } = [];
}
