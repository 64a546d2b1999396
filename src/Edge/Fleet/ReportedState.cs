using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Hybrid.Edge.Outbox;

namespace Hybrid.Edge.Fleet;

/// <summary>What a device says of itself: the retained message of its topic <c>reported</c>.</summary>
public sealed record ReportedState
{
    /// <summary>The version of this form.</summary>
    public int Schema { get; init; } = DesiredDocument.Schema;

    /// <summary>The fleet.</summary>
    public required string Fleet { get; init; }

    /// <summary>The device.</summary>
    public required string Device { get; init; }

    /// <summary>When it was said, by the device's clock.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The version of the agent.</summary>
    public required string Agent { get; init; }

    /// <summary>How long it has been running, in seconds.</summary>
    public required double UptimeSeconds { get; init; }

    /// <summary>What became of the fleet's desired state.</summary>
    public required ReportedDesired FleetDesired { get; init; }

    /// <summary>What became of the device's own.</summary>
    public required ReportedDesired DeviceDesired { get; init; }

    /// <summary>Sections whose change counts from the next start.</summary>
    public IReadOnlyList<string> RestartRequired { get; init; } = [];

    /// <summary>The models that it has, or should have.</summary>
    public IReadOnlyList<ReportedModel> Models { get; init; } = [];

    /// <summary>What it knows of itself: battery, link, temperature and the like.</summary>
    public JsonObject? Facts { get; init; }

    /// <summary>What waits to be sent, and what became of the rest.</summary>
    public OutboxCounters? Outbox { get; init; }

    /// <summary>What its requests took since it was started.</summary>
    public required SpendSummary Spend { get; init; }
}

/// <summary>What became of the desired states of a scope.</summary>
/// <param name="Applied">The version in force; null: none.</param>
/// <param name="Seen">The highest version that was seen; null: none.</param>
/// <param name="Refused">The last refusal; null: none since the last state was taken.</param>
public sealed record ReportedDesired(long? Applied, long? Seen, ReportedRefusal? Refused);

/// <summary>Why a desired state was not taken.</summary>
/// <param name="Version">Its version; null: it could not be read.</param>
/// <param name="Code">One of <see cref="FleetRefusals"/>.</param>
/// <param name="Reason">For people.</param>
/// <param name="At">When; null: before the device was started.</param>
public sealed record ReportedRefusal(long? Version, string Code, string Reason, DateTimeOffset? At);

/// <summary>A model of a device.</summary>
/// <param name="Name">What it is called in the store.</param>
/// <param name="State"><c>present</c>, <c>fetching</c> or <c>failed</c>.</param>
/// <param name="Bytes">Its size; null where it is not there.</param>
/// <param name="Reason">Why it is not there; null where it is.</param>
public sealed record ReportedModel(string Name, string State, long? Bytes, string? Reason);

/// <summary>What requests took since a device was started.</summary>
public sealed record SpendSummary
{
    /// <summary>Since when.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Requests that ended, however they did.</summary>
    public long Requests { get; init; }

    /// <summary>Those that ended with a fault.</summary>
    public long Failed { get; init; }

    /// <summary>Prompt tokens.</summary>
    public long InputTokens { get; init; }

    /// <summary>Tokens decoded.</summary>
    public long OutputTokens { get; init; }

    /// <summary>Dollars.</summary>
    public double Dollars { get; init; }

    /// <summary>Joules.</summary>
    public double Joules { get; init; }

    /// <summary>Grams CO2e.</summary>
    public double Grams { get; init; }
}

/// <summary>Whether a device is there: the retained message of its topic <c>presence</c>, and its last will.</summary>
/// <param name="Schema">The version of this form.</param>
/// <param name="Online">Whether it is.</param>
/// <param name="At">When it said so, by its clock; null in a will, which the broker publishes.</param>
/// <param name="Agent">The version of the agent; null in a will.</param>
public sealed record DevicePresence(int Schema, bool Online, DateTimeOffset? At, string? Agent);

/// <summary>The fleet's JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SignedEnvelope))]
[JsonSerializable(typeof(FleetMemory))]
[JsonSerializable(typeof(ReportedState))]
[JsonSerializable(typeof(DevicePresence))]
[JsonSerializable(typeof(TelemetryRecord))]
[JsonSerializable(typeof(CommandDocument))]
[JsonSerializable(typeof(CommandResult))]
[JsonSerializable(typeof(CommandList))]
internal sealed partial class FleetJson : JsonSerializerContext;
