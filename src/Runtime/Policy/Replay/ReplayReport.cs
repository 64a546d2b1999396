using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hybrid.Policy.Replay;

/// <summary>What another policy would have changed.</summary>
internal sealed record ReplayReport
{
    /// <summary>The policy under test, and its version.</summary>
    public required string Policy { get; init; }

    public required string Version { get; init; }

    public required int Decisions { get; init; }

    /// <summary>Requests of which the log holds a complete answer's figures.</summary>
    public required int Complete { get; init; }

    /// <summary>Requests by the policy that decided them.</summary>
    public required IReadOnlyDictionary<string, int> LoggedPolicies { get; init; }

    public required int Explored { get; init; }

    /// <summary>Requests for which it prefers another target, and their share.</summary>
    public required int Moved { get; init; }

    public double MovedShare => Decisions == 0 ? 0 : (double)Moved / Decisions;

    public required int NewlyWithoutTarget { get; init; }

    public required int NewlyWithTarget { get; init; }

    /// <summary>Requests shown to a zone that their class forbids; anything but 0 is a fault of the walls.</summary>
    public required int PrivacyLeaks { get; init; }

    /// <summary>Requests sent where the policy that decided them sends nothing.</summary>
    public required int OutsideLoggedPolicy { get; init; }

    public required IReadOnlyList<ReplayTarget> Targets { get; init; }

    public required IReadOnlyList<ReplayMetric> Metrics { get; init; }

    /// <summary>The total time that 95 of 100 requests stay below, in seconds; that of moved ones is the model's.</summary>
    public double? TotalTimeP95Before { get; init; }

    public double? TotalTimeP95After { get; init; }

    /// <summary>Which estimate it is, in words.</summary>
    public required string Method { get; init; }

    /// <summary>Requests whose target had a chance to be asked in the log, and those that rest on the model alone.</summary>
    public required int Corrected { get; init; }

    public required int ModelOnly { get; init; }

    /// <summary>Decisions that the logged policy would not make again from what was logged.</summary>
    public required int NotReproduced { get; init; }

    public required int DamagedLines { get; init; }

    public required string FirstDamage { get; init; }

    /// <summary>Decisions that the log says it could not take.</summary>
    public required long LostDecisions { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, ReplayJson.Default.ReplayReport);
}

/// <summary>Requests that a target took and would take.</summary>
internal sealed record ReplayTarget(string Name, int Before, int After);

/// <summary>A figure's mean over the requests that had, or would have, a target.</summary>
internal sealed record ReplayMetric(string Name, string Unit, Estimate? Before, Estimate? After);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(ReplayReport))]
internal sealed partial class ReplayJson : JsonSerializerContext;
