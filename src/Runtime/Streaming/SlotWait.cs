using Hybrid.Accounting;
using Hybrid.Chat;
using Hybrid.Policy;

namespace Hybrid.Streaming;

/// <summary>Lets a request that can wait wait for its slot.</summary>
internal sealed class SlotWait(TimeProvider time, IGridIntensitySource? grid)
{
    /// <summary>The clocks of a machine that sleeps stand still: the time is looked at this often.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);

    /// <summary>Where the request would be placed; null where it cannot wait.</summary>
    public Deferral? Plan(in RequestProfile profile, TargetSnapshot[] targets, RoutingPolicy policy)
    {
        if (profile.CanWaitUntil is null) return null;
        var grids = new GridReading?[targets.Length];
        for (var i = 0; i < grids.Length; i++)
            if (targets[i].Descriptor.GridZone is { } zone) grids[i] = grid?.Read(zone);
        return DeferralPlanner.Plan(profile, targets, grids, policy, time.GetUtcNow());
    }

    /// <summary>Waits for the slot; gives the request as it is then, with less time left.</summary>
    public async ValueTask<(ChatRequest Request, Deferral? Deferral)> WaitAsync(ChatRequest request, Func<TargetSnapshot[]> targets, CancellationToken cancellationToken)
    {
        if (request.Profile.CanWaitUntil is null) return (request, null);
        var asked = time.GetUtcNow();
        // Who can wait for hours can wait the second that a first forecast takes.
        if (grid is not null) await LiveFigures.ReadyAsync(grid, targets().Select(target => target.Descriptor), cancellationToken);

        var deferral = Plan(request.Profile, targets(), request.Policy)!;
        while (deferral.StartAt - time.GetUtcNow() is var left && left > TimeSpan.Zero)
            await Task.Delay(left < Look ? left : Look, time, cancellationToken);
        if (request.Profile.TimeLeft is not { } deadline) return (request, deferral);
        var rest = deadline - (time.GetUtcNow() - asked);
        return (request with { Profile = request.Profile with { TimeLeft = rest > TimeSpan.Zero ? rest : TimeSpan.Zero } }, deferral);
    }
}
