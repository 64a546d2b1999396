namespace Hybrid.Models.Store;

/// <summary>How far a clean-up goes.</summary>
public sealed record CollectOptions
{
    /// <summary>Most bytes that may stay; above 0.</summary>
    /// <value>Null: the quota of the store.</value>
    public long? Quota { get; init; }

    /// <summary>Bytes that have to fit beside what stays, for what comes next; 0 or more.</summary>
    /// <value>0</value>
    public long Room { get; init; }

    /// <summary>How long what nobody finished fetching, or no name refers to, is left alone; 0 or more.</summary>
    /// <value>Null: as the store's options say.</value>
    public TimeSpan? KeepUnfinished { get; init; }

    /// <summary>Whether it is only told what would go.</summary>
    /// <value>false</value>
    public bool DryRun { get; init; }
}

/// <summary>What a clean-up did, or would have done.</summary>
/// <param name="Removed">Models that went, least recently used first.</param>
/// <param name="Unfinished">Files that went and that nobody finished fetching.</param>
/// <param name="Orphans">Blobs that went and that no model needed.</param>
/// <param name="FreedBytes">Bytes on the disk that went with them.</param>
/// <param name="UsedBytes">Bytes that stay.</param>
/// <param name="WithinQuota">Whether what stays, with the room that was asked for, is within the quota; else the rest is loaded, pinned or too young.</param>
/// <param name="Problems">What could not be judged and was left alone.</param>
public sealed record CollectReport(
    IReadOnlyList<ModelName> Removed, int Unfinished, int Orphans, long FreedBytes, long UsedBytes, bool WithinQuota, IReadOnlyList<string> Problems);
