using Hybrid.Device;
using Microsoft.Extensions.Logging;

namespace Hybrid.Models.Prefetch;

/// <summary>What a prefetcher works with.</summary>
internal sealed record PrefetchParts
{
    /// <summary>The models that it may bring nearer.</summary>
    public required IReadOnlyList<IPrefetchable> Models { get; init; }

    public required PrefetchOptions Options { get; init; }

    /// <summary>The line over which models come.</summary>
    public required ILinkState Link { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>Null: memory is never short.</summary>
    public IMemoryPressure? Memory { get; init; }

    /// <summary>Bytes that loaded models may take together; null: no limit.</summary>
    public long? MemoryBudget { get; init; }

    /// <summary>How many files are pulled into the store now, by this process and others; asked before something is fetched ahead, and while it comes. Null: none.</summary>
    public Func<int>? Pulls { get; init; }

    /// <summary>Where it keeps what it learns; null: nowhere.</summary>
    public string? StatePath { get; init; }
}
