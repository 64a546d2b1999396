using Hybrid.Models.Signing;

namespace Hybrid.Models.Store;

/// <summary>How a store is kept.</summary>
public sealed record ModelStoreOptions
{
    /// <summary>Most bytes that models and what is being fetched may take; above 0.</summary>
    /// <value>Null: as many as the disk has.</value>
    public long? Quota { get; init; }

    /// <summary>How long what nobody finished fetching, or no name refers to, is left alone; 0 or more.</summary>
    /// <value>A day.</value>
    public TimeSpan KeepUnfinished { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Whether nothing may be changed, last uses and locks included.</summary>
    /// <value>false; a store that cannot be written is found out by itself.</value>
    public bool ReadOnly { get; init; }

    /// <summary>Whose signatures count, and whether there has to be one.</summary>
    /// <value>No keys; none is needed.</value>
    public ManifestTrust Trust { get; init; } = ManifestTrust.None;

    internal void Validate()
    {
        if (Quota is <= 0)
            throw new HybridException(HybridError.Configuration, $"{nameof(ModelStoreOptions)}.{nameof(Quota)} is {Quota}; use bytes above 0, or none. Nothing was changed.");
        if (KeepUnfinished < TimeSpan.Zero)
            throw new HybridException(HybridError.Configuration, $"{nameof(ModelStoreOptions)}.{nameof(KeepUnfinished)} is {KeepUnfinished}; use 0 or more. Nothing was changed.");
    }
}
