using Hybrid.Models.Store;

namespace Hybrid.Models.Prefetch;

/// <summary>Brings a model's files into the store.</summary>
internal interface IModelFetcher
{
    /// <summary>Bytes that are still to be fetched of a model, never less than will come.</summary>
    /// <exception cref="HybridException">That cannot be found out now.</exception>
    ValueTask<long> MissingBytesAsync(string reference, CancellationToken cancellationToken);

    /// <summary>Fetches, verifies and names it; goes on from what an earlier call left.</summary>
    /// <param name="reference">What is pulled, such as <c>hf:Qwen/Qwen3-0.6B-GGUF:Q8_0</c>.</param>
    /// <param name="name">The name that it gets in the store.</param>
    /// <param name="bytesPerSecond">The most that it may take of the line; null: no limit.</param>
    /// <param name="fetched">Told of every piece that came over the line, by its bytes.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="HybridException">It could not be fetched; what came is kept.</exception>
    Task FetchAsync(string reference, ModelName name, long? bytesPerSecond, Action<long> fetched, CancellationToken cancellationToken);
}
