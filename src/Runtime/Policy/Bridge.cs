using System.Text.Json.Serialization;

namespace Hybrid.Policy;

/// <summary>Who speaks first while the chosen target wakes, loads or prefills.</summary>
/// <param name="Target">Who speaks first.</param>
/// <param name="Tokens">How many tokens that is expected to be.</param>
/// <param name="HandoverAfter">When the chosen target is expected to go on, from the moment it is asked; in JSON, seconds.</param>
/// <param name="ScoreDollars">The score of both together, by the same terms as a single target's.</param>
public sealed record Bridge(
    string Target,
    double Tokens,
    [property: JsonPropertyName("handoverAfterSeconds")] TimeSpan HandoverAfter,
    double ScoreDollars);
