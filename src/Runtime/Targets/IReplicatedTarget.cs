namespace Hybrid.Targets;

/// <summary>A target over several replicas; one of them failing in mid-stream is no reason to leave the target.</summary>
internal interface IReplicatedTarget
{
    /// <summary>Whether a replica that is not among the lost ones may go on now. Thread-safe.</summary>
    bool CanTakeOver(IReadOnlyCollection<string> lost);
}
