using System.Text.Json.Serialization;

namespace Hybrid.Policy;

/// <summary>When a request that could wait was placed, and why.</summary>
/// <param name="AskedAt">When it was asked.</param>
/// <param name="Until">Until when it could wait.</param>
/// <param name="StartAt">When it was to start; <paramref name="AskedAt"/> where nothing was better than at once.</param>
/// <param name="Reason">Why then, for people.</param>
public sealed record Deferral(DateTimeOffset AskedAt, DateTimeOffset Until, DateTimeOffset StartAt, string Reason)
{
    /// <summary>Whether it was made to wait.</summary>
    [JsonIgnore]
    public bool IsDeferred => StartAt > AskedAt;

    /// <summary>The placing in one sentence.</summary>
    public override string ToString() => IsDeferred
        ? $"deferred from {Text(AskedAt)} to {Text(StartAt)}, it could wait until {Text(Until)}: {Reason}"
        : $"not deferred, though it could wait until {Text(Until)}: {Reason}";

    internal static string Text(DateTimeOffset time) => FormattableString.Invariant($"{time.UtcDateTime:yyyy-MM-dd HH:mm}Z");
}
