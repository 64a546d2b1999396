namespace Hybrid.Cli.Simulation.Rules;

/// <summary>DiSCo's rule where the server is the scarce side: short prompts stay on the device, the rest race both.</summary>
/// <remarks>
/// The threshold l_th is the least for which E[l·1{l ≥ l_th}] ≤ b·E[l], with the distribution of the very trace, which the rule could only
/// guess. The server is the one that looks best on paper. The loser of a race is cancelled at the winner's first token; where only the server is able, it is asked alone.
/// </remarks>
internal sealed class DispatchByLength : IRoutingRule
{
    private readonly Sides _sides;

    /// <param name="sides">Device and server.</param>
    /// <param name="trace">Whose prompt lengths count.</param>
    /// <param name="budget">The share of all prompt tokens that the server may get, 0 to 1.</param>
    public DispatchByLength(Sides sides, Trace trace, double budget)
    {
        _sides = sides;
        var lengths = trace.Requests.Select(request => request.PromptTokens).OrderDescending().ToArray();
        var left = budget * lengths.Sum(length => (double)length);
        Threshold = int.MaxValue;
        foreach (var group in lengths.GroupBy(length => length))
        {
            left -= group.Sum(length => (double)length);
            if (left < -1e-6)
                break;
            Threshold = group.Key;
        }
    }

    public string Name => "DiSCo";

    /// <summary>Prompts of this length and longer race.</summary>
    public int Threshold { get; }

    public Choice Choose(TraceRequest request, World world, double now)
    {
        var device = _sides.Able(request, _sides.Devices);
        if (request.PromptTokens < Threshold && device.Count > 0)
            return new([.. device, .. _sides.Able(request, _sides.Servers)]);
        var servers = _sides.Able(request, _sides.Servers);
        return device.Count == 0 || servers.Count == 0 || device[0] == servers[0] ? new([.. device, .. servers]) : new([device[0], servers[0], .. servers.Skip(1), .. device.Skip(1)], Race: true);
    }
}
