using System.Text.Json.Serialization;

namespace Hybrid.Policy;

/// <summary>Who speaks first while the chosen target wakes, loads or prefills.</summary>
/// <param name="Target">Who speaks first.</param>
/// <param name="Tokens">How many tokens that is expected to be.</param>
/// <param name="HandoverAfter">When the chosen target is expected to go on, from the moment it is asked; in JSON, seconds.</param>
/// <param name="ScoreDollars">The score of both together and, at the same price of waiting, the silence before the first word once more.</param>
/// <param name="Instead">The best of those who may answer alone, by the same reckoning; null where nobody may.</param>
/// <param name="InsteadDollars">Its score.</param>
public sealed record Bridge(
    string Target,
    int Tokens,
    [property: JsonPropertyName("handoverAfterSeconds")] TimeSpan HandoverAfter,
    double ScoreDollars,
    string? Instead,
    double? InsteadDollars);
