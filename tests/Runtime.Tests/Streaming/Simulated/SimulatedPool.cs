using System.Runtime.CompilerServices;
using Hybrid.Targets;

namespace Hybrid.Tests.Streaming.Simulated;

/// <summary>A target with replicas that all have its trouble: another one may go on while there is one that did not fail this request.</summary>
internal sealed class SimulatedPool(ITarget target, int replicas) : ITarget, IReplicatedTarget
{
    public TargetDescriptor Descriptor => target.Descriptor;

    public TargetState State => target.State;

    public bool CanTakeOver(IReadOnlyCollection<string> lost, bool isLastResort) => lost.Count < replicas;

    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var trace = request.Replicas!;
        trace.Replica = $"r{trace.Lost.Count}";
        await foreach (var update in target.GenerateAsync(request, cancellationToken).WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            trace.Began = true;
            yield return update;
        }
    }

    public ValueTask WarmAsync(CancellationToken cancellationToken = default) => target.WarmAsync(cancellationToken);

    public ValueTask DisposeAsync() => target.DisposeAsync();
}
