using Hybrid.Accounting;

namespace Hybrid.Cli.Simulation;

/// <summary>Who is asked: in this order, or the first two at once, the one that speaks first going on.</summary>
internal readonly record struct Choice(IReadOnlyList<int> Order, bool Race = false);

/// <summary>A way to choose targets.</summary>
internal interface IRoutingRule
{
    string Name { get; }

    /// <summary>Chooses, from what a client can see; only the oracle may foresee.</summary>
    Choice Choose(TraceRequest request, World world, double now);

    /// <summary>A request has ended, after these attempts.</summary>
    void Settle(TraceRequest request, IReadOnlyList<Receipt> receipts, RequestFinish finish)
    {
    }
}
