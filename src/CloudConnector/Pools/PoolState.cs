using Hybrid.Targets;

namespace Hybrid.CloudConnector.Pools;

/// <summary>What a pool's replicas are together: as ready as the readiest that may be asked, queues and slots summed, and in words who is out.</summary>
internal static class PoolState
{
    // From what a request would rather find.
    private static readonly TargetReadiness[] Order = [TargetReadiness.Warm, TargetReadiness.Unknown, TargetReadiness.Warming, TargetReadiness.Cold, TargetReadiness.Unavailable];

    public static TargetState Of(ReplicaSet replicas, int waiting, PoolClock clock)
    {
        if (replicas.All is [{ IsDrained: false } only] && only.Health.RestsUntil(clock.Now) is null) return Plus(only.Target.State, waiting);
        var now = clock.Now;
        var (best, reason) = (TargetReadiness.Unavailable, "");
        var (queue, busy, slots, knowsSlots) = (waiting, 0, 0, true);
        List<string>? out_ = null;
        foreach (var replica in replicas.All)
        {
            if (Out(replica, replicas, now, clock) is { } why)
            {
                (out_ ??= []).Add($"{replica.Name} {why}");
                continue;
            }

            var state = replica.Target.State;
            if (state.Readiness == TargetReadiness.Unavailable)
            {
                (out_ ??= []).Add($"{replica.Name} is unavailable: {state.Reason.TrimEnd('.')}");
                continue;
            }

            if (Array.IndexOf(Order, state.Readiness) < Array.IndexOf(Order, best)) (best, reason) = (state.Readiness, state.Reason);
            queue += state.QueueLength;
            busy += state.Slots > 0 ? state.BusySlots : replica.Outstanding;
            slots += state.Slots;
            knowsSlots &= state.Slots > 0;
        }

        var missing = out_ is null ? "" : string.Join("; ", out_);
        return new(best, reason.Length == 0 || missing.Length == 0 ? reason + missing : $"{reason}; {missing}", queue, busy, knowsSlots ? slots : 0);
    }

    private static TargetState Plus(TargetState state, int waiting) => waiting == 0 ? state : state with { QueueLength = state.QueueLength + waiting };

    private static string? Out(Replica replica, ReplicaSet replicas, TimeSpan now, PoolClock clock) =>
        replica.IsDrained ? "is drained"
        : replica.IsCanary && replicas.RolledBack is { } rolledBack ? $"is a canary that was rolled back: {rolledBack}"
        : replica.Health.OutUntil(now) is { } until ? $"failed in a row and is out until {clock.Words(until, now)}"
        : replica.Health.RestsUntil(now) is { } rests ? $"asked to be left alone until {clock.Words(rests, now)}"
        : null;
}
