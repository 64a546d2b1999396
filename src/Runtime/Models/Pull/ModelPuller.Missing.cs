using Hybrid.Models.Pull.Shards;

namespace Hybrid.Models.Pull;

/// <content>What a pull would fetch.</content>
public sealed partial class ModelPuller
{
    /// <summary>Bytes of a model's files that are not in the store; of one that was begun all count, so that it is never less than what comes.</summary>
    /// <exception cref="HybridException">It is not there, may not be had, or could not be reached.</exception>
    internal async Task<long> MissingBytesAsync(ModelReference reference, CancellationToken cancellationToken = default)
    {
        var model = await FindAsync(reference, new PullMeter(null, _tools.Options.TimeProvider), cancellationToken);
        return model.Files.Where(file => file.Sha256 is not { } known || !_store.Has(known)).Sum(file => file.Size);
    }
}
