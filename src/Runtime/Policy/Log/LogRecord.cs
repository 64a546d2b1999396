using System.Text.Json.Serialization;
using Hybrid.Accounting;
using Hybrid.Policy.Learning;
using Hybrid.Targets;

namespace Hybrid.Policy.Log;

/// <summary>One line of the log; one of its parts is set.</summary>
internal sealed record LogRecord
{
    /// <summary>What it is, for readers who filter.</summary>
    [JsonPropertyOrder(-1)]
    public string Record =>
        Policy is not null ? "policy"
        : Target is not null ? "target"
        : Decision is not null ? "decision"
        : Outcome is not null ? "outcome"
        : Feedback is not null ? "feedback"
        : "lost";

    public required DateTimeOffset Time { get; init; }

    /// <summary>The request's id, or the version of a policy or a target's figures.</summary>
    public string? Id { get; init; }

    /// <summary>A policy's figures, before the first decision that names their version.</summary>
    public RoutingPolicy? Policy { get; init; }

    /// <summary>What a target states, before the first decision that names its version.</summary>
    public TargetDescriptor? Target { get; init; }

    public LoggedDecision? Decision { get; init; }

    public Outcome? Outcome { get; init; }

    /// <summary>A score of 0 to 1.</summary>
    public double? Feedback { get; init; }

    /// <summary>What could not be written before this line.</summary>
    public LoggedLoss? Lost { get; init; }
}

/// <summary>Records that could not be written.</summary>
internal sealed record LoggedLoss(long Decisions, long OtherRecords, string Reason);

/// <summary>What was asked and what was chosen.</summary>
internal sealed record LoggedDecision
{
    public required string Policy { get; init; }

    public required string Version { get; init; }

    public required RequestProfile Profile { get; init; }

    public required IReadOnlyList<LoggedTarget> Targets { get; init; }

    /// <summary>Null where every target was removed.</summary>
    public string? Chosen { get; init; }

    public required IReadOnlyList<string> Standbys { get; init; }

    public required bool Explored { get; init; }

    /// <summary>Who scored best; null where every target was removed.</summary>
    [JsonIgnore]
    public string? Best => Explored && Standbys.Count > 0 ? Standbys[0] : Chosen;

    /// <summary>A decision as it is logged.</summary>
    /// <param name="decision">What was decided.</param>
    /// <param name="learned">What was known of each target; empty where nothing is learned.</param>
    /// <param name="version">The version of its policy.</param>
    /// <param name="figures">The version of what a target states.</param>
    public static LoggedDecision Of(Decision decision, LearnedBias[] learned, string version, Func<TargetDescriptor, string> figures) => new()
    {
        Policy = decision.Policy,
        Version = version,
        Profile = decision.Profile,
        Chosen = decision.Chosen?.Name,
        Standbys = [.. decision.Standbys.Select(standby => standby.Name)],
        Explored = decision.Explored,
        Targets = [.. decision.Snapshots.Select((snapshot, i) => new LoggedTarget
        {
            Name = snapshot.Descriptor.Name,
            Figures = figures(snapshot.Descriptor),
            State = snapshot.State with { Reason = "" }, // it can quote a server, which can quote a prompt
            Rates = snapshot.Rates,
            Grid = snapshot.Grid,
            Learned = learned.Length > i ? learned[i] : LearnedBias.None,
            LearnedDollars = snapshot.LearnedDollars,
            PriceFactor = snapshot.PriceFactor,
            BatteryLeft = snapshot.BatteryLeft,
            Celsius = snapshot.Celsius,
            IsMetered = snapshot.IsMetered ? true : null,
            ScoreDollars = decision.Targets[i].ScoreDollars,
            Walls = [.. decision.Targets[i].Walls.Select(wall => wall.Wall).Distinct()],
            Propensity = decision.PropensityAt(i),
        })],
    };
}

/// <summary>A target as it was seen.</summary>
internal sealed record LoggedTarget
{
    public required string Name { get; init; }

    /// <summary>The version of what it states.</summary>
    public required string Figures { get; init; }

    public required TargetState State { get; init; }

    public required TargetRates Rates { get; init; }

    public GridIntensity? Grid { get; init; }

    /// <summary>What was known, at no policy's prices yet, so that another policy can price it.</summary>
    public required LearnedBias Learned { get; init; }

    public required double LearnedDollars { get; init; }

    /// <summary>The factor on its prices at that time.</summary>
    public required double PriceFactor { get; init; }

    /// <summary>Null where it ran on no battery.</summary>
    public double? BatteryLeft { get; init; }

    /// <summary>Null where it was not known.</summary>
    public double? Celsius { get; init; }

    /// <summary>Null where the line was not paid by the byte.</summary>
    public bool? IsMetered { get; init; }

    public required double ScoreDollars { get; init; }

    /// <summary>Empty where it may be used.</summary>
    public required IReadOnlyList<Wall> Walls { get; init; }

    /// <summary>How likely it was to be chosen.</summary>
    public required double Propensity { get; init; }

    public TargetSnapshot Snapshot(TargetDescriptor descriptor) => new(descriptor, State, Rates) { Grid = Grid, LearnedDollars = LearnedDollars, PriceFactor = PriceFactor, BatteryLeft = BatteryLeft, Celsius = Celsius, IsMetered = IsMetered == true };
}
