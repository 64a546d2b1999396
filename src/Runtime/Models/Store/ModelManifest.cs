using Hybrid.Models.Signing;

namespace Hybrid.Models.Store;

/// <summary>What a model consists of and where it is from.</summary>
public sealed record ModelManifest
{
    /// <summary>What it is called in the store.</summary>
    public required ModelName Name { get; init; }

    /// <summary>Where it is from, as it was asked for; without secrets.</summary>
    public required string Source { get; init; }

    /// <summary>The source's own name of this version, such as a commit.</summary>
    /// <value>Null: the source has none.</value>
    public string? Revision { get; init; }

    /// <summary>The licence as the source states it.</summary>
    /// <value>Null: it states none.</value>
    public string? Licence { get; init; }

    /// <summary>All files, at least one; the first is the one that an engine opens.</summary>
    public required IReadOnlyList<ModelFile> Files { get; init; }

    /// <summary>When its last byte came.</summary>
    public required DateTimeOffset PulledAt { get; init; }

    /// <summary>A publisher's signature on name and files.</summary>
    /// <value>Null: unsigned.</value>
    public ModelSignature? Signature { get; init; }

    /// <summary>Bytes of all files.</summary>
    public long Size => Files.Sum(file => file.Size);
}
