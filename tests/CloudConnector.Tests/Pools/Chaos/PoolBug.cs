using Hybrid.Targets;
using Hybrid.Tests.Streaming.Simulated;

namespace Hybrid.CloudConnector.Tests.Pools.Chaos;

/// <summary>What a pool could do wrong.</summary>
public enum PoolBug
{
    None,

    /// <summary>It ejects whom it likes.</summary>
    EjectsAll,

    /// <summary>It retries without a budget.</summary>
    Stampedes,

    /// <summary>Hedges cost what they cost.</summary>
    WastesTokens,

    /// <summary>What nobody waits for goes on decoding.</summary>
    NeverCancels,

    /// <summary>Another replica is asked to go on from less than was said.</summary>
    ForgetsWhatWasSaid,

    /// <summary>Nobody learns how many replicas were asked.</summary>
    HidesAttempts,
}

/// <summary>Puts a bug between a pool and a replica.</summary>
internal sealed class BuggyReplica(ChaosReplica replica, PoolBug bug) : ITarget, INetworkTarget
{
    public TargetDescriptor Descriptor => replica.Descriptor;

    public TargetState State => replica.State;

    public bool NeedsNetwork => false;

    public IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, CancellationToken cancellationToken = default)
    {
        if (bug == PoolBug.NeverCancels) return new Deaf(replica.GenerateAsync(request, CancellationToken.None));
        var said = request.Continuation;
        if (bug == PoolBug.ForgetsWhatWasSaid && said.Length > 0) request = request with { Continuation = said[..(said.LastIndexOf(SimulatedModel.End, said.Length - 2) + 1)] };
        return replica.GenerateAsync(request, cancellationToken);
    }

    public ValueTask<bool?> ProbeAsync(CancellationToken cancellationToken = default) => replica.ProbeAsync(cancellationToken);

    public ValueTask WarmAsync(CancellationToken cancellationToken = default) => replica.WarmAsync(cancellationToken);

    public ValueTask DisposeAsync() => replica.DisposeAsync();

    private sealed class Deaf(IAsyncEnumerable<DecodeUpdate> answer) : IAsyncEnumerable<DecodeUpdate>
    {
        public IAsyncEnumerator<DecodeUpdate> GetAsyncEnumerator(CancellationToken cancellationToken = default) => answer.GetAsyncEnumerator(CancellationToken.None);
    }
}
