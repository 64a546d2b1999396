using Hybrid.Device;
using Hybrid.Targets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Engines.Residency;

/// <summary>Models of one process that share a memory budget: each is loaded when it is asked and unloaded when it is idle or in the way.</summary>
/// <remarks>
/// Thread-safe. A model that streams is never unloaded. Where a load needs room, idle models are unloaded, least recently used
/// first; where the busy ones leave none, it waits in the order of arrival, and so do the loads behind it. A model in constant
/// use makes way all the same: once a load has waited for <see cref="Patience"/>, later requests for that model wait in line.
/// Loads and unloads run on threads of the pool, and other models' streams go on meanwhile.
/// </remarks>
public sealed class ResidentModels : IAsyncDisposable
{
    /// <summary>How long a load waits for models that are never idle before these take no new requests.</summary>
    /// <value>10 seconds</value>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Residences _residences;

    /// <summary>Begins without a model.</summary>
    /// <param name="memoryBudget">Bytes that all models together may take by their estimates, above 0; null: no limit.</param>
    /// <param name="time">The clock of keep-alive, retries and deadlines; null is the system's.</param>
    /// <param name="queueCapacity">Requests that may wait for room, above 0; one more is refused with <see cref="HybridError.Busy"/>.</param>
    /// <param name="logger">Is told of loads and unloads.</param>
    /// <param name="pressure">While it is high, idle models are unloaded, one every few seconds, least recently used first; null: nobody looks.</param>
    public ResidentModels(long? memoryBudget = null, TimeProvider? time = null, int queueCapacity = 64, ILogger? logger = null, IMemoryPressure? pressure = null)
    {
        if (memoryBudget is { } bytes) ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes, nameof(memoryBudget));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(queueCapacity);
        _residences = new(memoryBudget, time ?? TimeProvider.System, queueCapacity, logger ?? NullLogger.Instance, pressure);
    }

    /// <summary>Bytes that all models together may take; null: no limit.</summary>
    public long? MemoryBudget => _residences.Budget;

    /// <summary>Bytes that the models take by their estimates, from the start of a load to the end of an unload; 0 without a budget.</summary>
    public long ReservedBytes => _residences.ReservedBytes;

    /// <summary>Takes a model in; nothing is loaded yet.</summary>
    /// <returns>Its target, cold. Whoever asked for it disposes it, or disposes all models at once.</returns>
    public ITarget Add(ResidentModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.KeepAlive < TimeSpan.Zero) throw new ArgumentOutOfRangeException(nameof(model), model.KeepAlive, "KeepAlive is below zero.");
        return _residences.Add(model);
    }

    /// <summary>Disposes every model: loads are cancelled, who waits gets <see cref="HybridError.TargetUnavailable"/>, running streams end with an error.</summary>
    public ValueTask DisposeAsync() => _residences.DisposeAsync();
}
