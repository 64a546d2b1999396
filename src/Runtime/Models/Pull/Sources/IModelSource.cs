namespace Hybrid.Models.Pull.Sources;

/// <summary>A kind of place that models come from.</summary>
internal interface IModelSource
{
    /// <summary>Finds what a reference means, without fetching any of it.</summary>
    /// <exception cref="PullFault">It did not work out this time.</exception>
    /// <exception cref="HybridException">It is not there, or may not be had.</exception>
    Task<RemoteModel> FindAsync(ModelReference reference, CancellationToken cancellationToken);
}
