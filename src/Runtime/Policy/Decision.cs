using System.Text.Json;
using System.Text.Json.Serialization;
using Hybrid.Json;

namespace Hybrid.Policy;

/// <summary>Which target takes a request, who stands by, and the numbers behind it. Holds no text of the request.</summary>
public sealed record Decision
{
    /// <summary>The name of the policy that decided.</summary>
    public required string Policy { get; init; }

    /// <summary>What was asked, in sizes and limits.</summary>
    public required RequestProfile Profile { get; init; }

    /// <summary>Every target in the order given, the removed ones with their reasons.</summary>
    public required IReadOnlyList<TargetAssessment> Targets { get; init; }

    /// <summary>The targets that may be used, best first.</summary>
    [JsonIgnore]
    public IReadOnlyList<TargetAssessment> Ranking { get; init; } = [];

    /// <summary>The target that takes the request.</summary>
    /// <value>Null: every target was removed.</value>
    [JsonIgnore]
    public TargetAssessment? Chosen => Ranking.Count > 0 ? Ranking[0] : null;

    /// <summary>Who goes on if the chosen one fails, best first.</summary>
    [JsonIgnore]
    public IEnumerable<TargetAssessment> Standbys => Ranking.Skip(1);

    /// <summary>The chosen target's name for JSON.</summary>
    [JsonPropertyName("chosen")]
    [JsonInclude]
    internal string? ChosenName => Chosen?.Name;

    /// <summary>The standbys' names for JSON.</summary>
    [JsonPropertyName("standbys")]
    [JsonInclude]
    internal IEnumerable<string> StandbyNames => Standbys.Select(standby => standby.Name);

    /// <summary>The whole decision for people: a line for the outcome and one for each target.</summary>
    public string Explain() => DecisionText.Full(this);

    /// <summary>The decision in one line.</summary>
    public string ExplainLine() => DecisionText.Line(this);

    /// <summary>The decision as one line of JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, HybridJson.Default.Decision);

    /// <summary>Writes the decision as one JSON object.</summary>
    public void WriteTo(Utf8JsonWriter writer) => JsonSerializer.Serialize(writer, this, HybridJson.Default.Decision);
}
