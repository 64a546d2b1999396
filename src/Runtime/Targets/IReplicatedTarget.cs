namespace Hybrid.Targets;

/// <summary>A target over several replicas; one of them failing in mid-stream is no reason to leave the target.</summary>
internal interface IReplicatedTarget
{
    /// <summary>Whether another replica than the one that was lost last may go on. Thread-safe.</summary>
    /// <param name="lost">Those that failed the request in mid-stream, in order; the others are asked first.</param>
    /// <param name="isLastResort">Whether no other target may, so that one which is back within seconds counts, too.</param>
    bool CanTakeOver(IReadOnlyCollection<string> lost, bool isLastResort);
}
