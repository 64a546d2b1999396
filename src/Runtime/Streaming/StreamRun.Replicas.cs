using Hybrid.Targets;

namespace Hybrid.Streaming;

/// <content>A pool whose replica failed in mid-stream is asked again while another replica may go on.</content>
internal sealed partial class StreamRun
{
    /// <summary>More replicas than that are not lost by one answer for nothing.</summary>
    private const int MostTakeOvers = 8;

    private readonly Dictionary<string, List<string>> _lostReplicas = [];
    private int _takeOvers;

    /// <summary>The request with what a target over replicas has to know of its attempts.</summary>
    private DecodeRequest Traced(ITarget target, DecodeRequest request) => target is not IReplicatedTarget ? request : request with
    {
        Replicas = new([.. _lostReplicas.GetValueOrDefault(target.Descriptor.Name) ?? []])
        {
            MayHedge = _budget is null,
            MaySubstitute = _decision.Profile.Model is null,
            IsLastResort = IsLastResort,
        },
    };

    /// <summary>Whether no other target may go on.</summary>
    private bool IsLastResort => !_decision.Standbys.Any();

    /// <summary>Whether the failed attempt's target stays a candidate. Before anything came the target has tried its other replicas itself.</summary>
    private bool TakesOver(Attempt failed, HybridException fault)
    {
        if (failed.Trace is not { Began: true, Replica: { } replica } || failed.IsCut || failed.Repeats || _takeOvers == MostTakeOvers) return false;
        if (fault.Error is not (HybridError.TargetUnavailable or HybridError.Busy or HybridError.Internal)) return false;
        if (!_lostReplicas.TryGetValue(failed.Name, out var lost)) _lostReplicas[failed.Name] = lost = [];
        lost.Add(replica);
        if (_services.Find(failed.Name) is not IReplicatedTarget target || !target.CanTakeOver(lost, IsLastResort)) return false;
        _takeOvers++;
        return true;
    }
}
