namespace Hybrid.Models.Prefetch;

/// <summary>How near a model is to its first token.</summary>
public enum PrefetchLevel
{
    /// <summary>Not on this device.</summary>
    None,

    /// <summary>On disk, complete and verified.</summary>
    Fetched,

    /// <summary>In the page cache.</summary>
    Primed,

    /// <summary>Loaded into memory or onto the GPU, ready to decode.</summary>
    Loaded,
}
