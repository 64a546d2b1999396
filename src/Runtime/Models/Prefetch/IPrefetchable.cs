namespace Hybrid.Models.Prefetch;

/// <summary>A model that can be brought nearer, one level at a time.</summary>
/// <remarks>Its methods throw <see cref="HybridException"/> where it cannot be done, and keep what was done so far for the next time.</remarks>
internal interface IPrefetchable
{
    /// <summary>As people configure it.</summary>
    string Name { get; }

    /// <summary>How near it is now.</summary>
    PrefetchLevel Level { get; }

    /// <summary>How near it can be brought at all.</summary>
    PrefetchLevel Nearest { get; }

    /// <summary>Whether it is loaded, as <see cref="Level"/> would say but at no cost.</summary>
    bool IsLoaded { get; }

    /// <summary>Bytes of its files; 0 where they are not here.</summary>
    long FileBytes { get; }

    /// <summary>Bytes that are still to be fetched, never less than will come.</summary>
    ValueTask<long> MissingBytesAsync(CancellationToken cancellationToken);

    /// <summary>Bytes of memory that it takes once it is loaded; 0 where nothing counts them.</summary>
    ValueTask<long> MemoryBytesAsync(CancellationToken cancellationToken);

    /// <summary>Fetches it onto the disk.</summary>
    /// <param name="bytesPerSecond">The most that it may take of the line; null: no limit.</param>
    /// <param name="fetched">Told of every piece that came over the line, by its bytes.</param>
    /// <param name="cancellationToken">Stops it; what is there is gone on from.</param>
    Task FetchAsync(long? bytesPerSecond, Action<long> fetched, CancellationToken cancellationToken);

    /// <summary>Reads it into the page cache.</summary>
    Task PrimeAsync(int threads, CancellationToken cancellationToken);

    /// <summary>Loads it; where it is loaded already, that counts as a use of its memory.</summary>
    Task LoadAsync(CancellationToken cancellationToken);
}
