using System.Runtime.InteropServices;
using Hybrid.Accounting;

namespace Hybrid.Policy;

/// <summary>What a policy and a request ask of every target alike, looked up once for all of them.</summary>
/// <param name="Quantile">Where the policy's quantile of latency lies.</param>
/// <param name="HasLists">Whether the policy lists targets or zones.</param>
/// <param name="MostFirstTokenSeconds">The smaller of the policy's and the request's limit; infinite where neither has one.</param>
/// <param name="MostPerTokenSeconds">Likewise.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RequestTerms(RatioBand.Place Quantile, bool HasLists, double MostFirstTokenSeconds, double MostPerTokenSeconds)
{
    public static RequestTerms Of(in RequestProfile profile, RoutingPolicy policy) => new(
        RatioBand.Find(policy.LatencyQuantile),
        policy.AllowedZones.Count + policy.AllowedTargets.Count > 0,
        Smaller(policy.MaxTimeToFirstToken, profile.MaxTimeToFirstToken),
        Smaller(policy.MaxTimePerToken, profile.MaxTimePerToken));

    private static double Smaller(TimeSpan? one, TimeSpan? other) =>
        Math.Min(one?.TotalSeconds ?? double.PositiveInfinity, other?.TotalSeconds ?? double.PositiveInfinity);
}
