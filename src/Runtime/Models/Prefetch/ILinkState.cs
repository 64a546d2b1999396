namespace Hybrid.Models.Prefetch;

/// <summary>Knows the line over which models are fetched.</summary>
/// <remarks>Thread-safe, and asked before and while something is fetched: it answers at once.</remarks>
public interface ILinkState
{
    /// <summary>Why nothing should be fetched ahead over it now, such as "the line is metered".</summary>
    /// <value>Null: it may be used.</value>
    string? Problem { get; }
}
