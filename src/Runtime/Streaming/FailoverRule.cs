using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Streaming;

/// <summary>Which faults are worth another target, and which standby may go on.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>The target's own trouble (unavailable, busy, internal, model file, native library, configuration, a wrong key, a zone that
/// has changed): the next standby.</item>
/// <item>Context exceeded: the next standby with a longer context.</item>
/// <item>Invalid request: surfaces at once, for others would refuse it too; only once text was delivered is it the standby's fault.</item>
/// <item>Any, once a tool call was delivered: surfaces, for the call is complete and another target could only repeat it.</item>
/// <item>Deadline exceeded: surfaces, for there is no time left for anybody.</item>
/// </list>
/// </remarks>
internal static class FailoverRule
{
    public static bool WorthAnother(HybridError error, RequestRun run) => !run.Called && error switch
    {
        HybridError.DeadlineExceeded => false,
        HybridError.InvalidRequest => run.HasSaid,
        _ => true,
    };

    /// <summary>Why a standby cannot go on; null if it can.</summary>
    /// <param name="standby">Who would go on.</param>
    /// <param name="predicted">What it would cost.</param>
    /// <param name="run">What was said and spent.</param>
    /// <param name="open">Dollars and grams of the attempts that are still open.</param>
    /// <param name="policy">Whose caps bind all attempts together.</param>
    public static string? PassOver(TargetDescriptor standby, TargetAssessment predicted, RequestRun run, (double Dollars, double Grams) open, RoutingPolicy policy)
    {
        if (run.Said.Length > 0 && !standby.Capabilities.HasFlag(TargetCapabilities.Continuation))
            return "it cannot go on from delivered text";
        if (run.ContextTooShort is { } tooShort && standby.ContextLength <= tooShort)
            return $"its context of {standby.ContextLength} is no longer than the one that was exceeded";
        var (dollars, grams) = (run.Dollars + open.Dollars, run.Grams + open.Grams);
        if (dollars + predicted.PriceDollars > policy.MaxDollarsPerRequest)
            return $"${Walls.Digits(dollars)} spent and ${Walls.Digits(predicted.PriceDollars)} predicted pass the cap of ${Walls.Digits(policy.MaxDollarsPerRequest.Value)}";
        if (grams + predicted.Grams > policy.MaxGramsPerRequest)
            return $"{Walls.Digits(grams)} g emitted and {Walls.Digits(predicted.Grams)} g predicted pass the cap of {Walls.Digits(policy.MaxGramsPerRequest.Value)} g";
        return null;
    }
}
