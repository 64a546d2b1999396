using Hybrid.Accounting;
using Hybrid.Targets;

namespace Hybrid.Tests.Streaming.Simulated;

/// <summary>What a conductor could do wrong.</summary>
public enum Bug
{
    None,

    /// <summary>The first piece behind a seam never leaves.</summary>
    LosesAtTheSeam,

    /// <summary>It leaves twice.</summary>
    RepeatsAtTheSeam,

    /// <summary>A target is asked to go on from less than was said.</summary>
    ForgetsWhatWasSaid,

    /// <summary>The gate takes every zone for this device.</summary>
    IgnoresTheZone,

    /// <summary>Attempts are left behind and never cancelled.</summary>
    NeverCancels,

    /// <summary>An attempt is not in the ledger.</summary>
    LosesAReceipt,
}

/// <summary>Puts a bug between the conductor and its targets, or its reader.</summary>
internal static class Buggy
{
    public static ITarget Wrap(SimulatedTarget target, Bug bug) =>
        bug is Bug.ForgetsWhatWasSaid or Bug.NeverCancels ? new Target(target, bug) : target;

    public static RequestReceipt Ledger(RequestReceipt receipt, Bug bug) =>
        bug == Bug.LosesAReceipt && receipt.Segments.Count > 1 ? receipt with { Segments = [.. receipt.Segments.Skip(1)] } : receipt;

    private sealed class Target(SimulatedTarget target, Bug bug) : ITarget
    {
        public TargetDescriptor Descriptor => target.Descriptor;

        public TargetState State => target.State;

        public IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, CancellationToken cancellationToken = default)
        {
            if (bug == Bug.NeverCancels) return new Deaf(target.GenerateAsync(request, CancellationToken.None));
            var said = request.Continuation;
            return target.GenerateAsync(said.Length == 0 ? request : request with { Continuation = said[..(said.LastIndexOf(SimulatedModel.End, said.Length - 2) + 1)] }, cancellationToken);
        }

        public ValueTask WarmAsync(CancellationToken cancellationToken = default) => target.WarmAsync(cancellationToken);

        public ValueTask DisposeAsync() => target.DisposeAsync();
    }

    private sealed class Deaf(IAsyncEnumerable<DecodeUpdate> answer) : IAsyncEnumerable<DecodeUpdate>
    {
        public IAsyncEnumerator<DecodeUpdate> GetAsyncEnumerator(CancellationToken cancellationToken = default) => answer.GetAsyncEnumerator(CancellationToken.None);
    }
}
