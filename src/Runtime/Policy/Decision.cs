using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Hybrid.Json;

namespace Hybrid.Policy;

/// <summary>Which target takes a request, who stands by, and the numbers behind it. Holds no text of the request.</summary>
/// <remarks>Immutable and thread-safe. Names, words and versions are made when they are first read.</remarks>
public sealed class Decision
{
    private readonly TargetSnapshot[] _snapshots;
    private readonly TargetScore[] _scores;
    private readonly int _explored;
    private readonly double[]? _propensities;
    private TargetAssessment[]? _targets;
    private TargetAssessment[]? _ranking;
    private StrongBox<(int Primary, Bridge Bridge)?>? _plan; // published whole, as a reference is

    internal Decision(
        in RequestProfile profile, TargetSnapshot[] snapshots, RoutingPolicy policy, TargetScore[] scores, int explored = -1, double[]? propensities = null) =>
        (Profile, _snapshots, Rules, _scores, _explored, _propensities) = (profile, snapshots, policy, scores, explored, propensities);

    /// <summary>The name of the policy that decided.</summary>
    public string Policy => Rules.Name;

    /// <summary>Which version of the policy it was: the same figures give the same version.</summary>
    public string PolicyVersion => Rules.Version;

    /// <summary>What was asked, in sizes and limits.</summary>
    public RequestProfile Profile { get; }

    /// <summary>Every target in the order given, the removed ones with their reasons.</summary>
    public IReadOnlyList<TargetAssessment> Targets => _targets ??= [.. _snapshots.Select((snapshot, i) => new TargetAssessment(Profile, snapshot, Rules, _scores[i]))];

    /// <summary>The targets that may be used, best first, but an explored one before all; equal scores keep the order given.</summary>
    [JsonIgnore]
    public IReadOnlyList<TargetAssessment> Ranking => _ranking ??= [.. Targets.Where(target => target.Admitted).OrderBy(target => IsExplored(target) ? double.NegativeInfinity : target.ScoreDollars)];

    /// <summary>Whether the chosen target is tried although another scores better, as the policy's exploration wants.</summary>
    public bool Explored => _explored >= 0;

    /// <summary>How likely the chosen target was to be chosen, 0 to 1; 1 where nothing is explored, 0 where nobody was chosen.</summary>
    public double Propensity => Chosen is null ? 0 : _propensities?[Array.FindIndex(_snapshots, snapshot => snapshot.Descriptor.Name == Chosen.Name)] ?? 1;

    /// <summary>The target that takes the request: the best, or the one that another speaks for at first.</summary>
    /// <value>Null: every target was removed.</value>
    [JsonIgnore]
    public TargetAssessment? Chosen => Plan is { } plan ? Targets[plan.Primary] : Ranking.Count > 0 ? Ranking[0] : null;

    /// <summary>Who speaks first while the chosen target is not ready.</summary>
    /// <value>Null: the chosen one speaks itself.</value>
    public Bridge? Bridge => Plan?.Bridge;

    /// <summary>Who goes on if the chosen one fails, best first.</summary>
    [JsonIgnore]
    public IEnumerable<TargetAssessment> Standbys => Ranking.Where(target => target != Chosen);

    /// <summary>When it was placed, for a request that could wait.</summary>
    /// <value>Null: it could not wait.</value>
    public Deferral? Deferral { get; private init; }

    /// <summary>Whether nothing but a budget stands in the way of some target, and no target is left.</summary>
    [JsonIgnore]
    public bool OutOfBudget => Chosen is null && Targets.Any(target => target.Walls.All(wall => wall.Wall == Wall.Budget));

    /// <summary>The policy itself.</summary>
    [JsonIgnore]
    internal RoutingPolicy Rules { get; }

    /// <summary>The targets as they were seen.</summary>
    [JsonIgnore]
    internal IReadOnlyList<TargetSnapshot> Snapshots => _snapshots;

    /// <summary>What is explored is tried alone, so that it can be told what came of it.</summary>
    private (int Primary, Bridge Bridge)? Plan => (_plan ??= new(_propensities is null ? BridgePlanner.Find(Profile, _snapshots, Rules, _scores) : null)).Value;

    /// <summary>The chosen target's name for JSON.</summary>
    [JsonPropertyName("chosen")]
    [JsonInclude]
    internal string? ChosenName => Chosen?.Name;

    /// <summary>The standbys' names for JSON.</summary>
    [JsonPropertyName("standbys")]
    [JsonInclude]
    internal IEnumerable<string> StandbyNames => Standbys.Select(standby => standby.Name);

    /// <summary>How likely a target was to be chosen, by its place.</summary>
    internal double PropensityAt(int place) => _propensities?[place] ?? (_snapshots[place].Descriptor.Name == ChosenName ? 1 : 0);

    /// <summary>What a reader of the scores should know of the policy.</summary>
    [JsonInclude]
    internal string? Remark => Rules.PriceAlone ? "its weights are all 0, so the price alone decides" : null;

    /// <summary>A target as it was seen.</summary>
    internal TargetSnapshot Seen(string target) => _snapshots.First(snapshot => snapshot.Descriptor.Name == target);

    /// <summary>The same decision, with when it was placed.</summary>
    internal Decision Placed(Deferral? deferral) => deferral is null ? this : new(Profile, _snapshots, Rules, _scores, _explored, _propensities) { Deferral = deferral };

    private bool IsExplored(TargetAssessment target) => _explored >= 0 && ReferenceEquals(target, Targets[_explored]);

    /// <summary>The whole decision for people: a line for the outcome and one for each target.</summary>
    public string Explain() => DecisionText.Full(this);

    /// <summary>The decision in one line.</summary>
    public string ExplainLine() => DecisionText.Line(this);

    /// <summary>The decision as one line of JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, HybridJson.Default.Decision);

    /// <summary>Writes the decision as one JSON object.</summary>
    public void WriteTo(Utf8JsonWriter writer) => JsonSerializer.Serialize(writer, this, HybridJson.Default.Decision);
}
