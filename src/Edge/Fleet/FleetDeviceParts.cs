using System.Text.Json.Nodes;

namespace Hybrid.Edge.Fleet;

/// <summary>What the rest of an app gives a <see cref="FleetDevice"/>.</summary>
public sealed record FleetDeviceParts
{
    /// <summary>Says why the app is not well under a state that has just been taken; null means that it is. Cancelled when its time is over.</summary>
    /// <value>Null: it is always well. <see cref="FleetHealth.OfPolicies"/> asks the runtime.</value>
    public Func<CancellationToken, Task<string?>>? Health { get; init; }

    /// <summary>Says what is wrong with settings that the fleet wants, besides what the runtime's own rules say; each with its path.</summary>
    /// <value>Null: nothing.</value>
    public Func<IReadOnlyDictionary<string, string?>, IReadOnlyList<string>>? Check { get; init; }

    /// <summary>What the device knows of itself, for the report; called at each.</summary>
    /// <value>Null: nothing.</value>
    public Func<JsonObject>? Facts { get; init; }

    /// <summary>Fetches the models that the fleet wants.</summary>
    /// <value>Null: nobody does.</value>
    public FleetModels? Models { get; init; }

    /// <summary>What an operator can have it do, besides <c>report</c> and the commands of <see cref="Models"/>.</summary>
    public IReadOnlyList<IFleetCommand> Commands { get; init; } = [];

    /// <summary>The version of the app, for the report.</summary>
    /// <value>The SDK's.</value>
    public string Version { get; init; } = typeof(FleetDevice).Assembly.GetName().Version?.ToString(3) ?? "0";

    /// <summary>The files' system.</summary>
    internal Storage.IDisk Disk { get; init; } = Storage.Disk.Real;
}
