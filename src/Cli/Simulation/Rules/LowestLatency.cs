using Hybrid.Accounting;

namespace Hybrid.Cli.Simulation.Rules;

/// <summary>LiteLLM's latency-based routing: the target with the lowest measured latency per token, nothing else.</summary>
/// <remarks>
/// The mean is exponentially weighted. One that was never measured, or not for an hour, comes first, as there. A target that failed
/// is left out until the next health check.
/// </remarks>
internal sealed class LowestLatency(Sides sides, IReadOnlyList<SimulatedTarget> targets, SimulatedClock clock) : IRoutingRule
{
    private const double Weight = 0.2;
    private const double Remembered = 3600;
    private readonly double[] _perToken = new double[targets.Count];
    private readonly double[] _measuredAt = [.. Enumerable.Repeat(double.NegativeInfinity, targets.Count)];

    public string Name => "lowest latency";

    public Choice Choose(TraceRequest request, World world, double now)
    {
        var able = sides.Able(request, sides.OnPaper);
        return new([.. able.OrderBy(i => world.Seen(i, now).Readiness == Targets.TargetReadiness.Unavailable).ThenBy(i => now - _measuredAt[i] > Remembered ? 0 : _perToken[i])]);
    }

    public void Settle(TraceRequest request, IReadOnlyList<Receipt> receipts, RequestFinish finish)
    {
        if (finish != RequestFinish.Stop || receipts[^1] is not { Finish: RequestFinish.Stop } receipt)
            return;
        for (var i = 0; i < targets.Count; i++)
        {
            if (targets[i].Name != receipt.Target)
                continue;
            var seen = receipt.TotalTime.TotalSeconds / receipt.OutputTokens;
            _perToken[i] = clock.Seconds - _measuredAt[i] > Remembered ? seen : _perToken[i] + (Weight * (seen - _perToken[i]));
            _measuredAt[i] = clock.Seconds;
        }
    }
}
