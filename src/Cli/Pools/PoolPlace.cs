using System.Diagnostics;
using Hybrid.CloudConnector.Pools;
using Hybrid.Targets;

namespace Hybrid.Cli.Pools;

/// <summary>One place where a pool answers.</summary>
/// <param name="Pool">The pool's name.</param>
/// <param name="Replica">The replica's; null: the pool has one place alone.</param>
/// <param name="Target">What is asked.</param>
internal sealed record PoolPlace(string Pool, string? Replica, ITarget Target)
{
    public string Name => Replica is null ? Pool : $"{Pool}/{Replica}";

    /// <summary>Every place of every pool; the targets on this device are none.</summary>
    /// <param name="targets">All targets of a configuration.</param>
    /// <param name="name">A pool, or <c>POOL/REPLICA</c>; null: all.</param>
    /// <exception cref="HybridException">There is none of that name (<see cref="HybridError.InvalidRequest"/>).</exception>
    public static IReadOnlyList<PoolPlace> All(IEnumerable<ITarget> targets, string? name = null)
    {
        List<PoolPlace> places = [.. targets.Where(target => target is INetworkTarget).SelectMany(Of)];
        if (name is null) return places;
        List<PoolPlace> named = [.. places.Where(place => place.Pool == name || place.Name == name)];
        return named.Count > 0
            ? named
            : throw new HybridException(HybridError.InvalidRequest, $"There is no pool '{name}'. There are {(places.Count == 0 ? "none; configure Hybrid:Pools" : string.Join(", ", places.Select(place => place.Name)))}.");
    }

    /// <summary>Asks it how it is.</summary>
    /// <returns>Its state, and how long the answer took; null: it cannot be asked, or did not answer.</returns>
    public async Task<(TargetState State, TimeSpan? Took)> AskAsync(CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var answered = await ((INetworkTarget)Target).ProbeAsync(cancellationToken);
        return (Target.State, answered == true ? Stopwatch.GetElapsedTime(began) : null);
    }

    private static IEnumerable<PoolPlace> Of(ITarget target) => target is PoolTarget { Parts.Replicas.All: var replicas }
        ? replicas.Select(replica => new PoolPlace(target.Descriptor.Name, replicas.Count > 1 ? replica.Name : null, replica.Target))
        : [new(target.Descriptor.Name, null, target)];
}
